//! Exact sums and means.

use haversack_core::{Decimal, Double, Value};
use rust_decimal::Decimal as Number;

use super::aggregate::double;

/// Places of a mean after the point.
const PLACES: u32 = 10;

/// The mean, exact to ten places, half to even; nothing has none. Of doubles each counts as the
/// shortest decimal that is read as it; where one is too large or too small for that, the mean is a
/// double.
pub(crate) fn mean(values: &[Value]) -> Option<Value> {
    let count = i128::try_from(values.len()).ok().filter(|count| *count > 0)?;
    if let Some(sum) = sum_of_decimals(values) {
        return Some(Value::Decimal(Decimal::new(divided(sum, count))));
    }
    let sum: f64 = values.iter().filter_map(double).sum();
    #[expect(clippy::cast_precision_loss, reason = "there are fewer rows than a double can count")]
    let mean = sum / values.len() as f64;
    Double::new(mean).map(Value::Double)
}

/// The sum, if it can be had exactly.
pub(super) fn sum_of_decimals(values: &[Value]) -> Option<Number> {
    values.iter().try_fold(Number::ZERO, |sum, value| sum.checked_add(decimal(value)?))
}

fn decimal(value: &Value) -> Option<Number> {
    match value {
        Value::Integer(number) => Some(Number::from(*number)),
        Value::Decimal(number) => Some(number.get()),
        Value::Double(number) => Decimal::parse(&number.get().to_string()).map(Decimal::get),
        _ => None,
    }
}

/// Divides, and rounds once: rounding a rounded quotient could turn a number just beside a half into
/// a half.
pub(crate) fn divided(sum: Number, count: i128) -> Number {
    let exact = || {
        let (mantissa, scale) = (sum.mantissa(), sum.scale());
        let (above, below) = match scale.checked_sub(PLACES) {
            Some(more) => (mantissa, count.checked_mul(10_i128.checked_pow(more)?)?),
            None => (mantissa.checked_mul(10_i128.checked_pow(PLACES - scale)?)?, count),
        };
        Number::try_from_i128_with_scale(half_to_even(above, below), PLACES).ok()
    };
    // So large a number has no ten places that a decimal could keep.
    exact().unwrap_or_else(|| sum.checked_div(Number::from(count)).unwrap_or(sum).round_dp(PLACES))
}

/// A quotient of a positive divisor, rounded to a whole number, half to even.
fn half_to_even(above: i128, below: i128) -> i128 {
    let (quotient, rest) = (above.div_euclid(below), above.rem_euclid(below));
    match rest.cmp(&(below - rest)) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Greater => quotient + 1,
        std::cmp::Ordering::Equal => quotient + quotient.rem_euclid(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(values: &[&str]) -> String {
        let values: Vec<Value> =
            values.iter().map(|text| Value::Decimal(Decimal::parse(text).unwrap())).collect();
        match mean(&values) {
            Some(Value::Decimal(mean)) => mean.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn means_are_rounded_half_to_even() {
        assert_eq!(mean_of(&["1", "2", "2"]), "1.6666666667");
        assert_eq!(mean_of(&["0.0000000001", "0"]), "0");
        assert_eq!(mean_of(&["0.0000000003", "0"]), "0.0000000002");
        assert_eq!(mean_of(&["-0.0000000001", "0"]), "0");
        assert_eq!(mean_of(&["-0.0000000003", "0"]), "-0.0000000002");
        assert_eq!(mean_of(&["0.00000000010000000000000001", "0"]), "0.0000000001");
        assert_eq!(mean_of(&["1.50", "1.50"]), "1.5");
        assert_eq!(mean_of(&["9999999999999999999999999999"]), "9999999999999999999999999999");
        assert_eq!(mean(&[]), None);
    }
}
