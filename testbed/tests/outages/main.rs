//! Kafka away, hanging, wiped, and its topics deleted, made anew or cut off, under running services. What harms a
//! broker has one of its own. While a fault lasts, clients write and read all the time, and each of their answers is judged.

mod brokerless;
mod brokers;
mod dead_letters;
mod deleted;
mod long_pause;
mod probe;
mod rights;
mod scene;
mod start;
mod topics;
mod wiped;
