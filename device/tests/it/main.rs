//! Devices against a server in the same process, over a way that loses and cuts what it carries.

mod offline;
mod restored;
mod server;
mod stores;
