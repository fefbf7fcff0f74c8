mod acts;
mod clock;
