//! Kafka away, hanging, wiped, and its topics deleted, made anew or cut off, under running services. Each test has a real
//! broker of its own; while a fault lasts, clients write and read all the time, and each of their answers is judged.

mod brokers;
mod dead_letters;
mod deleted;
mod long_pause;
mod probe;
mod scene;
mod start;
mod topics;
mod wiped;
