//! Changes as steps: a line by itself, or the lines between `begin` and `commit`.

use haversack_core::{Offset, limits::STEP_LINES_MAX};
use haversack_replay::admin::{Change, Decision, Fault, Warning, decide};
use serde_json::Value as Json;

use crate::{EngineError, group::Group};

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineOutcome {
    /// It made events.
    Applied,
    /// It asked for what is so already.
    Unchanged,
    /// It can't be done, and made no event.
    Refused,
}

/// The answer to one line.
#[derive(Clone, Debug)]
pub struct LineAnswer {
    /// Its number, from 1.
    pub line: usize,
    /// What became of it.
    pub outcome: LineOutcome,
    /// The last event that it made.
    pub offset: Option<Offset>,
    /// Why it was refused.
    pub fault: Option<Fault>,
    /// What is accepted and yet worth saying.
    pub warnings: Vec<Warning>,
}

impl LineAnswer {
    fn refused(line: usize, code: &'static str, message: impl Into<String>) -> Self {
        let fault = Some(Fault { code, message: message.into(), item: None, in_filter: None });
        let outcome = LineOutcome::Refused;
        Self { line, outcome, offset: None, fault, warnings: Vec::new() }
    }

    fn accepted(line: usize) -> Self {
        let outcome = LineOutcome::Unchanged;
        Self { line, outcome, offset: None, fault: None, warnings: Vec::new() }
    }
}

/// Lines that are one step: each with its number.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A line by itself.
    Single(usize, Json),
    /// The lines between `begin` and `commit`, and where those two are.
    Block { begin: usize, lines: Vec<(usize, Json)>, commit: usize },
    /// Lines of a step that was begun and not rightly ended.
    Bad(Vec<usize>, String),
}

/// Parts lines into steps.
pub(crate) fn steps(lines: Vec<(usize, Json)>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut open: Option<(usize, Vec<(usize, Json)>)> = None;
    let mut nested = false;
    for (number, line) in lines {
        let marks = |key: &str| line == serde_json::json!({ key: true });
        match (&mut open, marks("begin"), marks("commit")) {
            (None, true, _) => open = Some((number, Vec::new())),
            (None, false, true) => {
                steps
                    .push(Step::Bad(vec![number], "a commit without a begin before it".to_owned()));
            }
            (None, false, false) => steps.push(Step::Single(number, line)),
            (Some((_, inner)), true, _) => {
                nested = true;
                inner.push((number, line));
            }
            (Some(_), false, true) => {
                let (begin, inner) = open.take().expect("matched just above");
                steps.push(closed(begin, inner, number, nested));
                nested = false;
            }
            (Some((_, inner)), false, false) => inner.push((number, line)),
        }
    }
    if let Some((begin, inner)) = open {
        let lines = std::iter::once(begin).chain(inner.into_iter().map(|(line, _)| line));
        steps.push(Step::Bad(lines.collect(), "a begin without a commit after it".to_owned()));
    }
    steps
}

fn closed(begin: usize, inner: Vec<(usize, Json)>, commit: usize, nested: bool) -> Step {
    let why = if nested {
        "a begin within a step; end the first with a commit".to_owned()
    } else if inner.len() > STEP_LINES_MAX {
        format!("a step of {} lines, expected at most {STEP_LINES_MAX}", inner.len())
    } else {
        return Step::Block { begin, lines: inner, commit };
    };
    let lines = std::iter::once(begin).chain(inner.into_iter().map(|(line, _)| line));
    Step::Bad(lines.chain([commit]).collect(), why)
}

impl Step {
    /// How many lines it has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Single(..) => 1,
            Self::Block { lines, .. } => lines.len() + 2,
            Self::Bad(lines, _) => lines.len(),
        }
    }
}

/// Judges a step as the next thing in the group: all of it or nothing.
pub(crate) fn run(group: &mut Group<'_>, step: Step) -> Result<Vec<LineAnswer>, EngineError> {
    match step {
        Step::Single(line, json) => Ok(vec![single(group, line, json)?]),
        Step::Block { begin, lines, commit } => block(group, begin, lines, commit),
        Step::Bad(lines, why) => Ok(lines
            .into_iter()
            .map(|line| LineAnswer::refused(line, "bad_step", why.as_str()))
            .collect()),
    }
}

fn single(group: &mut Group<'_>, line: usize, json: Json) -> Result<LineAnswer, EngineError> {
    let change = match Change::read(json, &group.ahead.catalog) {
        Ok(change) => change,
        Err(error) => return Ok(LineAnswer::refused(line, "bad_value", error.to_string())),
    };
    let Decision { records, warnings } = match decide(&group.ahead, &change) {
        Ok(decision) => decision,
        Err(fault) => {
            let (outcome, fault) = (LineOutcome::Refused, Some(fault));
            return Ok(LineAnswer { outcome, fault, ..LineAnswer::accepted(line) });
        }
    };
    let mut answer = LineAnswer { warnings, ..LineAnswer::accepted(line) };
    for record in records {
        answer.offset = Some(group.add(record)?);
        answer.outcome = LineOutcome::Applied;
    }
    Ok(answer)
}

fn block(
    group: &mut Group<'_>,
    begin: usize,
    lines: Vec<(usize, Json)>,
    commit: usize,
) -> Result<Vec<LineAnswer>, EngineError> {
    let mark = group.mark();
    let mut answers = vec![LineAnswer::accepted(begin)];
    for (line, json) in lines {
        // What follows a refused line was written for a state that will not be.
        let refused = answers.iter().any(|answer| answer.outcome == LineOutcome::Refused);
        answers.push(if refused { LineAnswer::accepted(line) } else { single(group, line, json)? });
    }
    answers.push(LineAnswer::accepted(commit));
    if answers.iter().any(|answer| answer.outcome == LineOutcome::Refused) {
        group.reset(mark);
        for answer in &mut answers {
            if answer.outcome != LineOutcome::Refused {
                let why = "another line of its step was refused";
                *answer = LineAnswer::refused(answer.line, "step_refused", why);
            }
        }
    } else if let Some(last) = answers.iter().filter_map(|answer| answer.offset).next_back()
        && let Some(answer) = answers.last_mut()
    {
        answer.outcome = LineOutcome::Applied;
        answer.offset = Some(last);
    }
    Ok(answers)
}
