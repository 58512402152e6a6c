//! docs/orders.md: the statuses, and the examples of the shipping cost.

use std::collections::BTreeSet;

use orderlog_contract::event::OrderStatus;
use orderlog_contract::money::{Currency, shipping_minor};
use rust_decimal::Decimal;

use crate::table;

const ORDERS: &str = include_str!("../../../../docs/orders.md");

fn statuses() -> impl Iterator<Item = OrderStatus> {
    OrderStatus::SETTABLE.into_iter().chain([OrderStatus::Unknown])
}

#[test]
fn the_table_of_transitions_has_exactly_the_legal_ones() {
    let header = ORDERS
        .lines()
        .find(|line| line.starts_with("| from \\ to "))
        .expect("the table");
    let columns: Vec<&str> = header.trim_matches('|').split('|').map(str::trim).skip(1).collect();
    let names: Vec<&str> = statuses().map(OrderStatus::as_str).collect();
    assert_eq!(columns, names);
    let rows = table(ORDERS, "| from \\ to ");
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), names);
    for (from, row) in statuses().zip(&rows) {
        for (to, cell) in statuses().zip(&row[1..]) {
            let expected = if from.can_transition_to(to) { "yes" } else { "" };
            assert_eq!(*cell, expected, "{from} to {to}");
        }
    }
}

#[test]
fn the_diagram_has_every_single_step_and_every_cancellation() {
    let (_, diagram) = ORDERS.split_once("```mermaid\n").expect("a diagram");
    let (diagram, _) = diagram.split_once("```").expect("its end");
    let arrows: Vec<(&str, &str)> = diagram
        .lines()
        .filter_map(|line| line.trim().split_once(" --> "))
        .collect();
    let drawn: BTreeSet<_> = arrows.iter().copied().collect();
    assert_eq!(drawn.len(), arrows.len(), "no arrow twice");

    let mut expected = BTreeSet::from([("[*]", OrderStatus::New.as_str())]);
    let progress: Vec<_> = OrderStatus::SETTABLE
        .into_iter()
        .filter(|status| *status != OrderStatus::Cancelled)
        .collect();
    expected.extend(progress.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str())));
    for status in OrderStatus::SETTABLE {
        if status.is_final() {
            expected.insert((status.as_str(), "[*]"));
        } else if status.can_transition_to(OrderStatus::Cancelled) {
            expected.insert((status.as_str(), OrderStatus::Cancelled.as_str()));
        }
    }
    assert_eq!(drawn, expected);
}

#[test]
fn the_examples_of_shipping_cost_are_what_the_code_computes() {
    let rows = table(ORDERS, "| total | in minor units ");
    let mut currencies = BTreeSet::new();
    for row in rows {
        let [total, minor, exact, cost] = row[..] else {
            panic!("four cells: {row:?}")
        };
        let (total, code) = total.split_once(' ').expect("an amount and a currency");
        let currency = Currency::parse(code).expect("a currency");
        let total: Decimal = total.parse().expect("a decimal");
        let total_minor = currency.to_minor(total).expect("whole minor units");
        assert_eq!(minor, total_minor.to_string(), "{row:?}");
        assert_eq!(
            exact.parse::<Decimal>().expect("a decimal"),
            total * Decimal::new(2, 2),
            "{row:?}"
        );
        let shipping = currency.to_decimal(shipping_minor(total_minor));
        assert_eq!(cost, format!("{shipping} {code}"), "{row:?}");
        currencies.insert(currency.exponent());
    }
    assert_eq!(currencies, BTreeSet::from([0, 2, 3]));
}
