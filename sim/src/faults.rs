//! What befalls the server and its disk.

use crate::{
    violation::{Checked, violated},
    world::World,
};

impl World {
    /// Stops the server and starts it again.
    ///
    /// # Errors
    /// If it does not come up as it was.
    pub fn restart(&mut self) -> Checked {
        self.trace.add("the server is started again".to_owned());
        self.stop();
        self.start()
    }

    fn stop(&mut self) {
        self.let_streams_go();
        self.space(None);
        self.server.stop();
    }

    fn space(&mut self, bytes: Option<usize>) {
        self.server.set_space(bytes);
        self.is_full = bytes.is_some();
    }

    /// A snapshot is written.
    ///
    /// # Errors
    /// If it can't be, though there is space.
    pub fn snapshot(&mut self) -> Checked {
        match self.server.environment().snapshot() {
            Err(error) if !self.is_full => Err(violated("R4", error)),
            _ => Ok(()),
        }
    }

    /// What follows acknowledgements is settled. Now and then an auditor looks.
    ///
    /// # Errors
    /// If there is no checkpoint to be had.
    pub fn settle(&mut self) -> Checked {
        self.server.settle();
        if self.aside.chance(150) { self.sign() } else { Ok(()) }
    }

    /// The disk has no space, or has some again.
    ///
    /// # Errors
    /// Never.
    pub fn disk_fills(&mut self) -> Checked {
        let space = (!self.is_full).then(|| self.dice.below(9_000));
        self.trace.add(format!("the server's disk takes {space:?} bytes more"));
        self.space(space);
        Ok(())
    }

    /// A sync fails while a row is written.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn sync_fails(&mut self) -> Checked {
        if self.is_full {
            return Ok(());
        }
        let after = self.dice.below(3);
        self.server.fail_sync(after);
        self.trace.add(format!("a sync will fail, after {after} others"));
        let done = self.online();
        self.server.fail_sync(usize::MAX);
        done
    }

    /// A bit rots on the disk of the server while it is down.
    ///
    /// # Errors
    /// If it does not come up as it was.
    pub fn rot(&mut self) -> Checked {
        if self.is_full {
            return Ok(());
        }
        self.server.settle();
        self.stop();
        let what = self.server.rot(&mut self.dice);
        self.trace.add(format!("a bit rots: {what}"));
        self.start()?;
        // One damage at a time loses nothing: it is mended before the next one comes.
        let mended = self.server.environment().verify(true);
        mended.map(drop).map_err(|error| violated("R4", error))
    }

    /// The server's data are copied.
    ///
    /// # Errors
    /// If it does not come up as it was.
    pub fn server_is_copied(&mut self) -> Checked {
        self.stop();
        self.trace.add(format!("the server's {} events are copied", self.oracle.log().len()));
        self.copied = Some((self.server.copied(), self.oracle.log().len()));
        self.start()
    }

    /// The server is put back to a copy: what came since is lost, as whoever does that knows.
    ///
    /// # Errors
    /// If it does not come up as it was then.
    pub fn server_is_put_back(&mut self) -> Checked {
        let Some((copied, events)) = self.copied.take() else { return Ok(()) };
        self.stop();
        self.trace.add(format!("the server is put back to {events} events"));
        self.server.put_back(&copied);
        self.copied = Some((copied, events));
        self.oracle.put_back(events);
        self.puts_back.push(events);
        self.notes_are_lost(events);
        self.points.hit("server restored from an old log");
        self.start()
    }
}
