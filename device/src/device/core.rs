//! What a device is made of, while one caller has it.

use haversack_core::{RowId, catalog::Catalog, metadata::Metadata};
use haversack_sync::digest::fingerprint;

use crate::{
    DeviceError, Medium,
    home::{Settings, StoreHome},
    layers::Layers,
    ledger::Ledger,
    rows::Source,
    store::{MemoryStore, StoreError},
};

/// Rows, edits, and what follows from them.
pub(crate) struct Core {
    home: Box<dyn StoreHome>,
    pub layers: Layers,
    pub ledger: Ledger,
    pub settings: Settings,
    pub catalog: Catalog,
    /// Whose device it is; none before the metadata has come.
    pub user: Option<RowId>,
    /// The fingerprint of the metadata that is here.
    pub metadata: Option<String>,
    /// What was found damaged since the device was opened.
    pub damage: Option<String>,
    /// What the app was not told yet, as the sync broke that found it out.
    pub untold: Untold,
    /// Whether rows were compared with what the server told of them, and no damage was met since.
    pub is_checked: bool,
}

/// What a sync tells besides what it brought.
#[derive(Debug, Default)]
pub(crate) struct Untold {
    /// Why all rows are downloaded again.
    pub anew: Option<String>,
    /// The name that the device has now.
    pub renamed: Option<String>,
}

impl Core {
    /// Opens what is there. Rows that are damaged are let go: they are downloaded again.
    pub fn open(
        home: Box<dyn StoreHome>,
        medium: Box<dyn Medium>,
        settings: Settings,
    ) -> Result<Self, DeviceError> {
        let ledger = Ledger::open(medium)?;
        let (layers, metadata, damage) = match open(home.as_ref()) {
            Ok((layers, metadata)) => (layers, metadata, None),
            Err(StoreError::Damaged(message)) => {
                clear(home.as_ref())?;
                let (layers, metadata) = open(home.as_ref())?;
                (layers, metadata, Some(message))
            }
            Err(error) => return Err(error.into()),
        };
        let (catalog, user) = (Catalog::default(), None);
        let mut core = Self {
            home,
            layers,
            ledger,
            settings,
            catalog,
            user,
            metadata: None,
            damage,
            untold: Untold::default(),
            is_checked: false,
        };
        if let Some(metadata) = metadata {
            core.take(metadata);
        }
        Ok(core)
    }

    /// Lets the rows go.
    pub fn begin_anew(&mut self, message: String) -> Result<(), DeviceError> {
        self.layers = Layers::open(Box::new(MemoryStore::default()))?;
        clear(self.home.as_ref())?;
        (self.layers, _) = open(self.home.as_ref())?;
        self.metadata = None;
        self.damage = Some(message);
        Ok(())
    }

    /// Closes the store, so that it can be removed.
    pub fn close(&mut self) -> Result<(), DeviceError> {
        self.layers = Layers::open(Box::new(MemoryStore::default()))?;
        Ok(())
    }

    /// Compares rows with what the server told of them, once, and has them downloaded again if they
    /// differ; says whether they do. What is staged begins again if it differs.
    pub fn check(&mut self) -> Result<Option<String>, DeviceError> {
        if self.is_checked {
            return Ok(None);
        }
        let differing = self.layers.differing()?;
        let message = differing.map(|table| format!("rows of `{table}` were damaged"));
        if message.is_some() {
            let mut replica = self.layers.replica().clone();
            replica.distrust();
            self.layers.keep_replica(replica)?;
            self.damage.clone_from(&message);
        }
        if self.layers.staged_differs()? {
            let mut replica = self.layers.replica().clone();
            replica.drop_staged();
            self.layers.keep_replica(replica)?;
        }
        self.is_checked = true;
        Ok(message)
    }

    /// Takes metadata into use.
    pub fn take(&mut self, metadata: Metadata) {
        self.metadata = Some(fingerprint(&metadata));
        self.user = Some(metadata.user);
        self.catalog = metadata.into_catalog();
    }

    /// Rows as the app sees them.
    pub fn source(&self) -> Result<Source<'_>, DeviceError> {
        let user = self.user.ok_or_else(|| {
            DeviceError::refused("not_available", "nothing was downloaded yet; sync first")
        })?;
        let (catalog, layers) = (&self.catalog, &self.layers);
        Ok(Source { catalog, user, layers, outbox: self.ledger.outbox() })
    }
}

fn open(home: &dyn StoreHome) -> Result<(Layers, Option<Metadata>), StoreError> {
    let mut layers = Layers::open(home.open()?)?;
    layers.tidy()?;
    let metadata = layers.metadata()?;
    Ok((layers, metadata))
}

fn clear(home: &dyn StoreHome) -> Result<(), DeviceError> {
    home.clear().map_err(|source| DeviceError::io("removing damaged rows", source))
}
