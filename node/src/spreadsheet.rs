//! Cells of CSV that somebody opens in a spreadsheet: never a formula.

/// A cell that a spreadsheet does not run; negative numbers stay.
pub fn unformula(cell: &str) -> String {
    let risky = cell.starts_with(['=', '+', '@', '-', '\t', '\r']) && cell.parse::<f64>().is_err();
    if risky { format!("'{cell}") } else { cell.to_owned() }
}
