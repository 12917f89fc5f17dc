//! A log that is being imported: nothing of it is acknowledged before the end.

use std::{path::Path, sync::Arc};

use haversack_proof::SigningKey;

use super::{DiskLog, Site, make};
use crate::{StoreError, directory::Directory, fault::Failed, keys, pack::Packed, shared::locked};

/// A log that is being imported.
pub(crate) struct Import {
    log: DiskLog,
    directory: Directory,
}

impl Import {
    /// Makes an empty log to import into. Nothing of it counts until the import is finished.
    pub(crate) fn begin(
        path: &Path,
        directory: Directory,
        key: &SigningKey,
    ) -> Result<Self, StoreError> {
        directory.begin()?;
        let site = Site::real(path, &directory, false);
        make(&site)
            .and_then(|()| Ok(keys::keep(site.disk.as_ref(), key)?))
            .map_err(|failed| failed.at_open(path))?;
        let log = DiskLog::on(site, Vec::new(), None, true)?;
        locked(&log.writer).is_import = true;
        Ok(Self { log, directory })
    }

    /// Takes the next group, as it was.
    pub(crate) fn take(&self, packed: Packed) -> Result<(), StoreError> {
        let log = &self.log;
        let mut writer = locked(&log.writer);
        log.check_index()?;
        writer.write(&log.shared, &packed)?;
        log.shared.show(Arc::new(packed));
        drop(writer);
        log.keeping.tell();
        Ok(())
    }

    /// Makes all of it durable; gives back a checkpoint of it.
    pub(crate) fn finish(self) -> Result<String, StoreError> {
        let Self { log, directory } = self;
        let note = log.checkpoint()?;
        {
            let mut writer = locked(&log.writer);
            let head = writer.head;
            writer
                .sync(head)
                .map_err(|error| Failed::from(error).at_append(&log.shared.directory))?;
            writer.is_import = false;
        }
        drop(log);
        directory.finish()?;
        Ok(note)
    }
}
