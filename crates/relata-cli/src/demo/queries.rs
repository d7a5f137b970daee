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

/// Playlists with their first three long tracks, through the junction table: many to many.
pub async fn long_tracks(db: &mut Db) -> relata::Result<Vec<(Option<String>, Vec<String>)>> {
    let half_an_hour = 30 * 60 * 1000;
    let playlists = Playlist::find()
        .filter(Playlist.tracks.any(Track.milliseconds.gt(half_an_hour)))
        .with(Playlist.tracks.filter(Track.milliseconds.gt(half_an_hour)).order(|track| track.name.asc()).limit(3))
        .order(Playlist.playlist_id.asc())
        .all(db)
        .await?;
    let names = |tracks: &[Track]| tracks.iter().map(|track| track.name.clone()).collect();
    Ok(playlists.iter().map(|playlist| (playlist.name.clone(), names(playlist.tracks()))).collect())
}
