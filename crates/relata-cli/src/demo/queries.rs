//! Typed queries over Chinook. A wrong column, a wrong type, a relation that was not loaded: none of it compiles.

use relata::prelude::*;

use super::entities::{Album, Artist, Invoice, Playlist, Track};

/// Artists with the most albums: one statement, the relation counted inside it.
pub async fn most_albums(db: &mut Db) -> relata::Result<Vec<(Option<String>, i64)>> {
    Artist::find()
        .select((Artist.name, Artist.albums.count()))
        .order(Artist.albums.count().desc())
        .limit(5)
        .all(db)
        .await
}

/// The albums of an artist, each with its artist and its two longest tracks: a fixed number of statements.
pub async fn longest_tracks(db: &mut Db, artist: &str) -> relata::Result<Vec<(String, Option<String>, Vec<String>)>> {
    let albums = Album::find()
        .filter(Album.artist().name.eq(artist))
        .with(Album.artist)
        .with(Album.tracks.order(|track| track.milliseconds.desc()).limit(2))
        .order(Album.title.asc())
        .limit(4)
        .all(db)
        .await?;
    let mut rows = Vec::new();
    for album in &albums {
        let tracks = album.tracks().iter().map(|track| track.name.clone()).collect();
        rows.push((album.title.clone(), album.artist().name.clone(), tracks));
    }
    Ok(rows)
}

/// Where the money comes from: grouped, filtered by group, read into tuples.
pub async fn revenue(db: &mut Db) -> relata::Result<Vec<(Option<String>, i64, Option<Decimal>)>> {
    Invoice::find()
        .group_by(Invoice.billing_country)
        .having(Invoice.invoice_id.count().gt(20))
        .select((Invoice.billing_country, Invoice.invoice_id.count(), Invoice.total.sum()))
        .order(Invoice.total.sum().desc())
        .limit(5)
        .all(db)
        .await
}

/// What a songwriter wrote, and the playlists it is in, through the junction table: many to many.
pub async fn in_playlists(db: &mut Db, composer: &str) -> relata::Result<Vec<(String, Vec<Option<String>>)>> {
    let tracks = Track::find()
        .filter(Track.composer.contains(composer))
        .with(Track.playlists.order(|playlist| playlist.name.asc()))
        .order(Track.name.asc())
        .limit(4)
        .all(db)
        .await?;
    let playlists = |track: &[Playlist]| track.iter().map(|playlist| playlist.name.clone()).collect();
    Ok(tracks.iter().map(|track| (track.name.clone(), playlists(track.playlists()))).collect())
}
