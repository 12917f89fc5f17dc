//! Bearer tokens: made at the edge, where randomness is; the log keeps their hashes.

use haversack_core::{
    RowId,
    event::{Actor, Event, Record},
    token::{Holder, Token, TokenHash},
};
use haversack_store::{Entropy, StoreError};
use sha2::{Digest, Sha256};

use crate::{EngineError, Environment};

/// What tokens begin with, so that one that lies about is known for what it is.
const PREFIX: &str = "hsk_";

/// A token as it is given out, once.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// Its id, by which it is listed and revoked.
    pub id: RowId,
    /// Its text, which nobody else knows.
    pub text: String,
}

/// The hash by which a token is known.
#[must_use]
pub fn hash_of(text: &str) -> TokenHash {
    Sha256::digest(text.as_bytes()).into()
}

/// A random id: a UUID of version 4 (RFC 9562, 5.4).
///
/// # Errors
/// If there is no randomness.
pub fn random_id(entropy: &dyn Entropy) -> Result<RowId, EngineError> {
    let mut id = [0; 16];
    let filled = entropy.fill(&mut id);
    filled.map_err(|source| StoreError::Io { during: "making an id", source })?;
    id[6] = id[6] & 0x0f | 0x40;
    id[8] = id[8] & 0x3f | 0x80;
    Ok(RowId::from_bytes(id))
}

impl Environment {
    /// Issues a token of 256 random bits.
    ///
    /// # Errors
    /// If there is no randomness, or the log fails.
    pub fn issue_token(
        &self,
        holder: Holder,
        entropy: &dyn Entropy,
    ) -> Result<IssuedToken, EngineError> {
        let mut secret = [0; 32];
        let filled = entropy.fill(&mut secret);
        filled.map_err(|source| StoreError::Io { during: "making a token", source })?;
        let text = secret.iter().fold(PREFIX.to_owned(), |text, byte| format!("{text}{byte:02x}"));
        let id = random_id(entropy)?;
        let token = Token { id, hash: hash_of(&text), holder };
        let event = Event::TokenIssued(token);
        self.record(vec![Record { actor: Actor::Administrator, event }])?;
        Ok(IssuedToken { id, text })
    }

    /// Revokes a token: from then on it's good for nothing. Says whether there was one.
    ///
    /// # Errors
    /// If the log fails.
    pub fn revoke_token(&self, id: RowId) -> Result<bool, EngineError> {
        if !self.state().catalog.tokens.values().any(|token| token.id == id) {
            return Ok(false);
        }
        let event = Event::TokenRevoked { id };
        self.record(vec![Record { actor: Actor::Administrator, event }])?;
        Ok(true)
    }
}
