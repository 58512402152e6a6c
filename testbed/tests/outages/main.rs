//! Kafka down, hanging, wiped, and its topics deleted, recreated or truncated, under running services. A test that
//! harms a broker has its own. While a fault lasts, clients write and read all the time, and each answer is checked.

mod brokers;
mod dead_letters;
mod deleted;
mod long_pause;
mod metadata_proxy;
mod probe;
mod rights;
mod scene;
mod start;
mod topics;
mod wiped;
