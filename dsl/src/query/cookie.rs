//! Where a page ended: what its last row sorts by, so that the next page begins just after it, also
//! if rows came or went meanwhile.
//!
//! As text: `1`, the page's number, the query's fingerprint in hexadecimal, and for each thing that
//! the row sorts by a letter for its type and its value, all with `.` between them. Bytes other than
//! letters, digits, `-` and `_` are written as `%` and their number.

use std::fmt;

use haversack_core::{Date, Decimal, Double, Timestamp, Value};

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The number of the page.
    pub page: u32,
    /// The query that it is of: see [`super::Page::fingerprint`].
    pub fingerprint: u64,
    /// What its last row sorts by, ties included; null sorts as none.
    pub position: Vec<Option<Value>>,
}

impl Cookie {
    /// Reads a cookie; none if the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        if parts.next()? != "1" {
            return None;
        }
        let page = parts.next()?.parse().ok().filter(|page| *page > 0)?;
        let fingerprint = u64::from_str_radix(parts.next()?, 16).ok()?;
        let position = parts.map(read).collect::<Option<_>>()?;
        Some(Self { page, fingerprint, position })
    }
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}.{:x}", self.page, self.fingerprint)?;
        self.position.iter().try_for_each(|value| write!(f, ".{}", written(value.as_ref())))
    }
}

fn written(value: Option<&Value>) -> String {
    let (letter, text) = match value {
        None => ('0', String::new()),
        Some(Value::Boolean(flag)) => ('b', u8::from(*flag).to_string()),
        Some(Value::Integer(number)) => ('n', number.to_string()),
        Some(Value::Decimal(number)) => ('n', number.to_string()),
        Some(Value::Double(number)) => ('d', format!("{:x}", number.get().to_bits())),
        Some(Value::Text(text)) => ('t', text.clone()),
        Some(Value::Timestamp(instant)) => ('i', instant.0.to_string()),
        Some(Value::Date(date)) => ('e', date.0.to_string()),
        Some(Value::Choice(option)) => ('c', option.to_string()),
        Some(Value::Choices(options)) => {
            ('c', options.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
        }
        Some(Value::Id(id)) => ('u', id.to_string()),
        Some(Value::Reference(reference)) => ('u', reference.id.to_string()),
    };
    let mut out = String::from(letter);
    for byte in text.bytes() {
        match byte {
            b'-' | b'_' => out.push(char::from(byte)),
            other if other.is_ascii_alphanumeric() => out.push(char::from(other)),
            other => out.push_str(&format!("%{other:02x}")),
        }
    }
    out
}

fn read(part: &str) -> Option<Option<Value>> {
    let text = decoded(part.get(1..)?)?;
    let value = match part.as_bytes().first()? {
        b'0' => return text.is_empty().then_some(None),
        b'b' => Value::Boolean(text == "1"),
        b'n' => Value::Decimal(Decimal::parse(&text)?),
        b'd' => Value::Double(Double::new(f64::from_bits(u64::from_str_radix(&text, 16).ok()?))?),
        b't' => Value::Text(text),
        b'i' => Value::Timestamp(Timestamp(text.parse().ok()?)),
        b'e' => Value::Date(Date(text.parse().ok()?)),
        b'c' => {
            let options = text.split(',').filter(|option| !option.is_empty());
            Value::Choices(options.map(|option| option.parse().ok()).collect::<Option<_>>()?)
        }
        b'u' => Value::Id(text.parse().ok()?),
        _ => return None,
    };
    Some(Some(value))
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        let digits =
            part.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let cookie = Cookie {
            page: 3,
            fingerprint: u64::MAX,
            position: vec![
                None,
                Some(Value::Text("é.%\n\"<".to_owned())),
                Some(Value::Text(String::new())),
                Some(Value::Decimal(Decimal::parse("-1.50").unwrap())),
                Some(Value::Double(Double::new(0.1).unwrap())),
                Some(Value::Boolean(true)),
                Some(Value::Choices(Vec::new())),
                Some(Value::Choices(vec![-1, 2])),
                Some(Value::Timestamp(Timestamp(-5))),
                Some(Value::Id("6ba7b810-9dad-11d1-80b4-00c04fd430c8".parse().unwrap())),
            ],
        };
        assert_eq!(Cookie::parse(&cookie.to_string()), Some(cookie));
        for wrong in
            ["", "1", "2.1.0", "1.0.0", "1.1.0.", "1.1.0.x", "1.1.0.t%é", "1.1.0.t%ff", "1.1.0.é"]
        {
            assert_eq!(Cookie::parse(wrong), None, "{wrong}");
        }
    }
}
