//! The store as its callers see it, with real files.

mod commits;
mod world;
