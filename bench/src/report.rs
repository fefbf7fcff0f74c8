//! What is printed: tables, and the gates with a word on each.

use std::fmt::Write;

/// The median; the order of `values` is lost. Zero when there is nothing.
pub fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// A table with aligned columns.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Table {
        Table { rows: vec![headings.map(str::to_owned).to_vec()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Prints it under `title`.
    pub fn print(&self, title: &str) {
        println!("\n{title}");
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
            })
            .map(|width| width.unwrap_or(0))
            .collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                // Writing to a String does not fail.
                let _ = write!(line, "  {cell:>width$}");
            }
            println!("{line}");
        }
    }
}

/// One thing that the project set out to reach.
#[derive(Debug)]
pub struct Gate {
    name: &'static str,
    wanted: Bound,
    measured: Option<f64>,
}

/// On which side of two numbers a measurement must lie: the first is the least that is wanted, the second is aimed at.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// These or more.
    AtLeast(f64, f64),
    /// These or less.
    AtMost(f64, f64),
}

impl Gate {
    /// `measured` is `None` when the run did not measure it.
    pub fn new(name: &'static str, wanted: Bound, measured: Option<f64>) -> Gate {
        Gate { name, wanted, measured }
    }

    fn verdict(&self) -> &'static str {
        let Some(value) = self.measured else { return "not measured" };
        let (is_least, is_aim) = match self.wanted {
            Bound::AtLeast(least, aim) => (value >= least, value >= aim),
            Bound::AtMost(most, aim) => (value <= most, value <= aim),
        };
        match (is_least, is_aim) {
            (_, true) => "aim reached",
            (true, false) => "reached",
            (false, false) => "MISSED",
        }
    }
}

/// Prints the gates, reached or missed.
pub fn print_gates(gates: &[Gate]) {
    let mut table = Table::new(["gate", "wanted", "aim", "measured", ""]);
    for gate in gates {
        let (wanted, aim) = match gate.wanted {
            Bound::AtLeast(least, aim) => (format!(">= {least}"), format!(">= {aim}")),
            Bound::AtMost(most, aim) => (format!("<= {most}"), format!("<= {aim}")),
        };
        let measured = gate.measured.map_or("-".to_owned(), |value| format!("{value:.3}"));
        table.row(vec![gate.name.to_owned(), wanted, aim, measured, gate.verdict().to_owned()]);
    }
    table.print("Gates");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&mut []), 0.0);
    }

    #[test]
    fn a_gate_holds_its_own_side() {
        assert_eq!(Gate::new("a", Bound::AtLeast(8.0, 16.0), Some(8.0)).verdict(), "reached");
        assert_eq!(Gate::new("a", Bound::AtLeast(8.0, 16.0), Some(16.0)).verdict(), "aim reached");
        assert_eq!(Gate::new("a", Bound::AtLeast(8.0, 16.0), Some(7.9)).verdict(), "MISSED");
        assert_eq!(Gate::new("a", Bound::AtMost(2.0, 1.0), Some(2.1)).verdict(), "MISSED");
        assert_eq!(Gate::new("a", Bound::AtMost(2.0, 1.0), Some(0.9)).verdict(), "aim reached");
        assert_eq!(Gate::new("a", Bound::AtMost(2.0, 1.0), None).verdict(), "not measured");
    }
}
