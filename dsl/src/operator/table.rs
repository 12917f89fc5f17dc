//! One row for every operator: name, values, types of columns, flags, meaning.

use super::{Arity, Group, OperatorInfo, TypeClass, Unit, ValueKind};

macro_rules! operators {
    ($($operator:ident = $row:expr, $meaning:literal;)*) => {
        /// An operator of a condition. All that is known of it: [`Operator::info`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operator { $(#[doc = $meaning] $operator,)* }

        /// One row for every operator, in the order of [`Operator`].
        pub static OPERATORS: &[OperatorInfo] =
            &[$($row.row(Operator::$operator, $meaning),)*];
    };
}

operators! {
    Eq = classic("eq", Arity::One, TypeClass::All), "equals the value";
    Ne = classic("ne", Arity::One, TypeClass::All).or(&["neq"]).negative(), "does not equal the value";
    Gt = classic("gt", Arity::One, TypeClass::Ordered), "is greater than the value";
    Ge = classic("ge", Arity::One, TypeClass::Ordered), "is greater than the value or equals it";
    Lt = classic("lt", Arity::One, TypeClass::Ordered), "is less than the value";
    Le = classic("le", Arity::One, TypeClass::Ordered), "is less than the value or equals it";
    Like = classic("like", Arity::One, TypeClass::Text), "matches the pattern";
    NotLike = classic("not-like", Arity::One, TypeClass::Text).negative(), "does not match the pattern";
    In = classic("in", Arity::Many, TypeClass::All), "is one of the values";
    NotIn = classic("not-in", Arity::Many, TypeClass::All).negative(), "is none of the values";
    Between = new("between", Arity::Two, TypeClass::Measured), "lies from X to Y, both included";
    NotBetween = new("not-between", Arity::Two, TypeClass::Measured).negative(), "does not lie from X to Y, both included";
    Null = classic("null", Arity::None, TypeClass::All), "has no value";
    NotNull = classic("not-null", Arity::None, TypeClass::All), "has a value";
    BeginsWith = classic("begins-with", Arity::One, TypeClass::Text), "begins with the pattern";
    NotBeginWith = classic("not-begin-with", Arity::One, TypeClass::Text).negative(), "does not begin with the pattern";
    EndsWith = classic("ends-with", Arity::One, TypeClass::Text), "ends with the pattern";
    NotEndWith = classic("not-end-with", Arity::One, TypeClass::Text).negative(), "does not end with the pattern";
    ContainValues = new("contain-values", Arity::Many, TypeClass::Choices), "has one of the options";
    NotContainValues = new("not-contain-values", Arity::Many, TypeClass::Choices).negative(), "has none of the options";

    EqUserid = caller("eq-userid", TypeClass::Identity), "is the caller";
    NeUserid = caller("ne-userid", TypeClass::Identity).negative(), "is not the caller";
    EqUserteams = caller("eq-userteams", TypeClass::Identity), "is a team of the caller";
    EqUseroruserteams = caller("eq-useroruserteams", TypeClass::Identity), "is the caller or a team of theirs";
    EqUseroruserhierarchy = caller("eq-useroruserhierarchy", TypeClass::Identity), "is the caller or someone below them";
    EqUseroruserhierarchyandteams = caller("eq-useroruserhierarchyandteams", TypeClass::Identity), "is the caller, someone below them, or a team of one of these";
    EqBusinessid = caller("eq-businessid", TypeClass::Identity), "is the caller's business unit";
    NeBusinessid = caller("ne-businessid", TypeClass::Identity).negative(), "is not the caller's business unit";
    EqUserlanguage = caller("eq-userlanguage", TypeClass::Language), "is the caller's language";

    Under = tree("under"), "is below the row X";
    EqOrUnder = tree("eq-or-under"), "is the row X or below it";
    NotUnder = tree("not-under").negative(), "is not below the row X";
    Above = tree("above"), "is above the row X";
    EqOrAbove = tree("eq-or-above"), "is the row X or above it";

    On = day("on"), "lies on the day of X";
    OnOrBefore = day("on-or-before"), "lies on the day of X or before";
    OnOrAfter = day("on-or-after"), "lies on the day of X or after";
    Yesterday = calendar("yesterday"), "lies on the day before today";
    Today = calendar("today"), "lies on today";
    Tomorrow = calendar("tomorrow"), "lies on the day after today";
    LastSevenDays = calendar("last-seven-days"), "lies in the 7 days before today, or in today up to now";
    NextSevenDays = calendar("next-seven-days"), "lies in today from now on, or in the 7 days after";
    LastWeek = calendar("last-week"), "lies in the week before this one; weeks begin on Sunday";
    ThisWeek = calendar("this-week"), "lies in this week; weeks begin on Sunday";
    NextWeek = calendar("next-week"), "lies in the week after this one; weeks begin on Sunday";
    LastMonth = calendar("last-month"), "lies in the month before this one";
    ThisMonth = calendar("this-month"), "lies in this month";
    NextMonth = calendar("next-month"), "lies in the month after this one";
    LastYear = calendar("last-year"), "lies in the year before this one";
    ThisYear = calendar("this-year"), "lies in this year";
    NextYear = calendar("next-year"), "lies in the year after this one";

    LastXHours = rolling("last-x-hours", Unit::Hours), "lies from X hours before this hour up to now";
    NextXHours = rolling("next-x-hours", Unit::Hours), "lies from now to the end of X hours after this hour";
    LastXDays = rolling("last-x-days", Unit::Days), "lies from X days before today up to now";
    NextXDays = rolling("next-x-days", Unit::Days), "lies from now to the end of X days after today";
    LastXWeeks = rolling("last-x-weeks", Unit::Weeks), "lies from X weeks before today up to now";
    NextXWeeks = rolling("next-x-weeks", Unit::Weeks), "lies from now to the end of the day X weeks after today";
    LastXMonths = rolling("last-x-months", Unit::Months), "lies from X months before today up to now";
    NextXMonths = rolling("next-x-months", Unit::Months), "lies from now to before the day X months after tomorrow";
    LastXYears = rolling("last-x-years", Unit::Years), "lies from X years before today up to now";
    NextXYears = rolling("next-x-years", Unit::Years), "lies from now to before the day X years after tomorrow";
    OlderthanXMinutes = rolling("olderthan-x-minutes", Unit::Minutes), "lies more than X minutes before this minute";
    OlderthanXHours = rolling("olderthan-x-hours", Unit::Hours), "lies more than X hours before this hour";
    OlderthanXDays = rolling("olderthan-x-days", Unit::Days), "lies more than X days before today";
    OlderthanXWeeks = rolling("olderthan-x-weeks", Unit::Weeks), "lies more than X weeks before today";
    OlderthanXMonths = rolling("olderthan-x-months", Unit::Months), "lies more than X months before today";
    OlderthanXYears = rolling("olderthan-x-years", Unit::Years), "lies more than X years before today";

    LastFiscalYear = fiscal("last-fiscal-year").clock(), "lies in the fiscal year before this one";
    ThisFiscalYear = fiscal("this-fiscal-year").clock(), "lies in this fiscal year";
    NextFiscalYear = fiscal("next-fiscal-year").clock(), "lies in the fiscal year after this one";
    LastFiscalPeriod = fiscal("last-fiscal-period").clock(), "lies in the fiscal period before this one";
    ThisFiscalPeriod = fiscal("this-fiscal-period").clock(), "lies in this fiscal period";
    NextFiscalPeriod = fiscal("next-fiscal-period").clock(), "lies in the fiscal period after this one";
    LastXFiscalYears = fiscal("last-x-fiscal-years").count(Unit::FiscalYears), "lies from the beginning of the fiscal year X years before this one up to now";
    NextXFiscalYears = fiscal("next-x-fiscal-years").count(Unit::FiscalYears), "lies from now to the end of the fiscal year X years after this one";
    LastXFiscalPeriods = fiscal("last-x-fiscal-periods").count(Unit::FiscalPeriods), "lies from the beginning of the fiscal period X periods before this one up to now";
    NextXFiscalPeriods = fiscal("next-x-fiscal-periods").count(Unit::FiscalPeriods), "lies from now to the end of the fiscal period X periods after this one";
    InFiscalYear = fiscal("in-fiscal-year").takes(Arity::One, ValueKind::Year), "lies in the fiscal year that begins in X";
    InFiscalPeriod = fiscal("in-fiscal-period").takes(Arity::One, ValueKind::Period), "lies in the fiscal period X of any year";
    InFiscalPeriodAndYear = fiscal("in-fiscal-period-and-year").takes(Arity::Two, ValueKind::PeriodAndYear), "lies in the fiscal period X of the year Y";
    InOrBeforeFiscalPeriodAndYear = fiscal("in-or-before-fiscal-period-and-year").takes(Arity::Two, ValueKind::PeriodAndYear), "lies in the fiscal period X of the year Y or before";
    InOrAfterFiscalPeriodAndYear = fiscal("in-or-after-fiscal-period-and-year").takes(Arity::Two, ValueKind::PeriodAndYear), "lies in the fiscal period X of the year Y or after";
}

/// A row that is being written down, before its operator and meaning are put in.
#[derive(Clone, Copy)]
struct Draft(OperatorInfo);

const fn new(name: &'static str, arity: Arity, types: TypeClass) -> Draft {
    Draft(OperatorInfo {
        operator: Operator::Eq,
        name,
        aliases: &[],
        arity,
        values: ValueKind::Column,
        types,
        names_caller: false,
        reads_clock: false,
        negative: false,
        in_classic_filter: false,
        group: Group::Values,
        meaning: "",
    })
}

const fn classic(name: &'static str, arity: Arity, types: TypeClass) -> Draft {
    Draft(OperatorInfo { in_classic_filter: true, ..new(name, arity, types).0 })
}

const fn caller(name: &'static str, types: TypeClass) -> Draft {
    let Draft(info) = classic(name, Arity::None, types).of(Group::Caller);
    Draft(OperatorInfo { names_caller: true, ..info })
}

const fn tree(name: &'static str) -> Draft {
    new(name, Arity::One, TypeClass::Tree).takes(Arity::One, ValueKind::Row).of(Group::Hierarchy)
}

const fn day(name: &'static str) -> Draft {
    new(name, Arity::One, TypeClass::Time).of(Group::Calendar)
}

const fn calendar(name: &'static str) -> Draft {
    new(name, Arity::None, TypeClass::Time).of(Group::Calendar).clock()
}

const fn rolling(name: &'static str, unit: Unit) -> Draft {
    let types = match unit {
        Unit::Minutes | Unit::Hours => TypeClass::Instant,
        _ => TypeClass::Time,
    };
    new(name, Arity::One, types).count(unit).of(Group::Rolling)
}

const fn fiscal(name: &'static str) -> Draft {
    new(name, Arity::None, TypeClass::Time).of(Group::Fiscal)
}

impl Draft {
    const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self(OperatorInfo { aliases, ..self.0 })
    }

    const fn negative(self) -> Self {
        Self(OperatorInfo { negative: true, ..self.0 })
    }

    const fn clock(self) -> Self {
        Self(OperatorInfo { reads_clock: true, ..self.0 })
    }

    const fn takes(self, arity: Arity, values: ValueKind) -> Self {
        Self(OperatorInfo { arity, values, ..self.0 })
    }

    /// One value, which counts units from now.
    const fn count(self, unit: Unit) -> Self {
        self.takes(Arity::One, ValueKind::Count(unit)).clock()
    }

    const fn of(self, group: Group) -> Self {
        Self(OperatorInfo { group, ..self.0 })
    }

    const fn row(self, operator: Operator, meaning: &'static str) -> OperatorInfo {
        OperatorInfo { operator, meaning, ..self.0 }
    }
}
