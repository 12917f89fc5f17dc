//! Work for all cores.

use std::{
    num::NonZero,
    sync::{Mutex, PoisonError},
};

/// Threads at the most: columns are built as fast as memory is read, and few threads read it all.
const THREADS_MAX: usize = 8;

/// Work that may be done on any thread.
type Job<'j> = Box<dyn FnOnce() + Send + 'j>;

/// Does jobs on all cores, each thread the next that nobody has begun, and returns when all are done.
///
/// # Panics
/// If a job does.
pub fn in_parallel(jobs: Vec<Job<'_>>) {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(THREADS_MAX).min(jobs.len());
    let queue = Mutex::new(jobs.into_iter());
    // The lock is given back before the job begins.
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(job) = next() {
            job();
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once() {
        let mut done = vec![0; 1_000];
        in_parallel(done.iter_mut().map(|done| Box::new(|| *done += 1) as Job<'_>).collect());
        assert!(done.iter().all(|times| *times == 1));
        in_parallel(Vec::new());
    }
}
