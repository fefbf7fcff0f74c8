mod acts;
mod clock;
mod wallets;
