//! The console page in a real browser: Debian's Chromium, driven by its chromedriver, against the sandbox, and once against
//! real servers. Elements are found by their `data-test` attributes.
//!
//! - `driver`: the browser's processes;
//! - `page`: what a test does with a page, and what it waits for;
//! - `scene`: the sandbox and a page of it, and what every page must keep to: no error in its console, no violation of its
//!   Content-Security-Policy;
//! - `letters`: what a user does with a dead letter.

mod driver;
mod letters;
mod page;
mod scene;

mod accessibility;
mod connection;
mod hostile;
mod journey;
mod keyboard;
mod load;
mod overview;
mod phone;
mod pictures;
mod real_servers;
