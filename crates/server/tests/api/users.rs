mod me;
mod test_user;
