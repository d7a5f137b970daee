//! Entities, written by relata from a database.

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[entity(table = "Album")]
#[has_many(tracks: Track.album_id)]
pub struct Album {
    #[id(always)]
    #[column("AlbumId")]
    pub album_id: Id<Album>,
    #[column("Title")]
    #[db_type(sqlite = "NVARCHAR(160)")]
    pub title: String,
    #[column("ArtistId")]
    #[references(Artist)]
    #[index(name = "IFK_AlbumArtistId")]
    pub artist_id: Id<Artist>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "Artist")]
#[has_many(albums: Album.artist_id)]
pub struct Artist {
    #[id(always)]
    #[column("ArtistId")]
    pub artist_id: Id<Artist>,
    #[column("Name")]
    #[db_type(sqlite = "NVARCHAR(120)")]
    pub name: Option<String>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "Customer")]
#[has_many(invoices: Invoice.customer_id)]
pub struct Customer {
    #[id(always)]
    #[column("CustomerId")]
    pub customer_id: Id<Customer>,
    #[column("FirstName")]
    #[db_type(sqlite = "NVARCHAR(40)")]
    pub first_name: String,
    #[column("LastName")]
    #[db_type(sqlite = "NVARCHAR(20)")]
    pub last_name: String,
    #[column("Company")]
    #[db_type(sqlite = "NVARCHAR(80)")]
    pub company: Option<String>,
    #[column("Address")]
    #[db_type(sqlite = "NVARCHAR(70)")]
    pub address: Option<String>,
    #[column("City")]
    #[db_type(sqlite = "NVARCHAR(40)")]
    pub city: Option<String>,
    #[column("State")]
    #[db_type(sqlite = "NVARCHAR(40)")]
    pub state: Option<String>,
    #[column("Country")]
    #[db_type(sqlite = "NVARCHAR(40)")]
    pub country: Option<String>,
    #[column("PostalCode")]
    #[db_type(sqlite = "NVARCHAR(10)")]
    pub postal_code: Option<String>,
    #[column("Phone")]
    #[db_type(sqlite = "NVARCHAR(24)")]
    pub phone: Option<String>,
    #[column("Fax")]
    #[db_type(sqlite = "NVARCHAR(24)")]
    pub fax: Option<String>,
    #[column("Email")]
    #[db_type(sqlite = "NVARCHAR(60)")]
    pub email: String,
    #[column("SupportRepId")]
    #[references(Employee)]
    #[index(name = "IFK_CustomerSupportRepId")]
    pub support_rep_id: Option<Id<Employee>>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "Employee")]
#[has_many(customers: Customer.support_rep_id)]
#[has_many(employees: Employee.reports_to)]
pub struct Employee {
    #[id(always)]
    #[column("EmployeeId")]
    pub employee_id: Id<Employee>,
    #[column("LastName")]
    #[db_type(sqlite = "NVARCHAR(20)")]
    pub last_name: String,
    #[column("FirstName")]
    #[db_type(sqlite = "NVARCHAR(20)")]
    pub first_name: String,
    #[column("Title")]
    #[db_type(sqlite = "NVARCHAR(30)")]
    pub title: Option<String>,
    #[column("ReportsTo")]
    #[references(Employee)]
    #[index(name = "IFK_EmployeeReportsTo")]
    pub reports_to: Option<Id<Employee>>,
    #[column("BirthDate")]
    pub birth_date: Option<DateTime>,
    #[column("HireDate")]
    pub hire_date: Option<DateTime>,
    #[column("Address")]
    #[db_type(sqlite = "NVARCHAR(70)")]
    pub address: Option<String>,
    #[column("City")]
    #[db_type(sqlite = "NVARCHAR(40)")]
    pub city: Option<String>,
    #[column("State")]
    #[db_type(sqlite = "NVARCHAR(40)")]
    pub state: Option<String>,
    #[column("Country")]
    #[db_type(sqlite = "NVARCHAR(40)")]
    pub country: Option<String>,
    #[column("PostalCode")]
    #[db_type(sqlite = "NVARCHAR(10)")]
    pub postal_code: Option<String>,
    #[column("Phone")]
    #[db_type(sqlite = "NVARCHAR(24)")]
    pub phone: Option<String>,
    #[column("Fax")]
    #[db_type(sqlite = "NVARCHAR(24)")]
    pub fax: Option<String>,
    #[column("Email")]
    #[db_type(sqlite = "NVARCHAR(60)")]
    pub email: Option<String>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "Genre")]
#[has_many(tracks: Track.genre_id)]
pub struct Genre {
    #[id(always)]
    #[column("GenreId")]
    pub genre_id: Id<Genre>,
    #[column("Name")]
    #[db_type(sqlite = "NVARCHAR(120)")]
    pub name: Option<String>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "Invoice")]
#[has_many(invoice_lines: InvoiceLine.invoice_id)]
pub struct Invoice {
    #[id(always)]
    #[column("InvoiceId")]
    pub invoice_id: Id<Invoice>,
    #[column("CustomerId")]
    #[references(Customer)]
    #[index(name = "IFK_InvoiceCustomerId")]
    pub customer_id: Id<Customer>,
    #[column("InvoiceDate")]
    pub invoice_date: DateTime,
    #[column("BillingAddress")]
    #[db_type(sqlite = "NVARCHAR(70)")]
    pub billing_address: Option<String>,
    #[column("BillingCity")]
    #[db_type(sqlite = "NVARCHAR(40)")]
    pub billing_city: Option<String>,
    #[column("BillingState")]
    #[db_type(sqlite = "NVARCHAR(40)")]
    pub billing_state: Option<String>,
    #[column("BillingCountry")]
    #[db_type(sqlite = "NVARCHAR(40)")]
    pub billing_country: Option<String>,
    #[column("BillingPostalCode")]
    #[db_type(sqlite = "NVARCHAR(10)")]
    pub billing_postal_code: Option<String>,
    #[column("Total")]
    #[decimal(10, 2)]
    #[db_type(sqlite = "NUMERIC(10,2)")]
    pub total: Decimal,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "InvoiceLine")]
pub struct InvoiceLine {
    #[id(always)]
    #[column("InvoiceLineId")]
    pub invoice_line_id: Id<InvoiceLine>,
    #[column("InvoiceId")]
    #[references(Invoice)]
    #[index(name = "IFK_InvoiceLineInvoiceId")]
    pub invoice_id: Id<Invoice>,
    #[column("TrackId")]
    #[references(Track)]
    #[index(name = "IFK_InvoiceLineTrackId")]
    pub track_id: Id<Track>,
    #[column("UnitPrice")]
    #[decimal(10, 2)]
    #[db_type(sqlite = "NUMERIC(10,2)")]
    pub unit_price: Decimal,
    #[column("Quantity")]
    pub quantity: i64,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "MediaType")]
#[has_many(tracks: Track.media_type_id)]
pub struct MediaType {
    #[id(always)]
    #[column("MediaTypeId")]
    pub media_type_id: Id<MediaType>,
    #[column("Name")]
    #[db_type(sqlite = "NVARCHAR(120)")]
    pub name: Option<String>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "Playlist")]
#[has_many(playlist_tracks: PlaylistTrack.playlist_id)]
#[many_to_many(tracks: Track via PlaylistTrack)]
pub struct Playlist {
    #[id(always)]
    #[column("PlaylistId")]
    pub playlist_id: Id<Playlist>,
    #[column("Name")]
    #[db_type(sqlite = "NVARCHAR(120)")]
    pub name: Option<String>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "PlaylistTrack")]
#[primary_key(playlist_id, track_id, name = "PK_PlaylistTrack")]
pub struct PlaylistTrack {
    #[column("PlaylistId")]
    #[references(Playlist)]
    #[index(name = "IFK_PlaylistTrackPlaylistId")]
    pub playlist_id: Id<Playlist>,
    #[column("TrackId")]
    #[references(Track)]
    #[index(name = "IFK_PlaylistTrackTrackId")]
    pub track_id: Id<Track>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "Track")]
#[has_many(invoice_lines: InvoiceLine.track_id)]
#[has_many(playlist_tracks: PlaylistTrack.track_id)]
#[many_to_many(playlists: Playlist via PlaylistTrack)]
pub struct Track {
    #[id(always)]
    #[column("TrackId")]
    pub track_id: Id<Track>,
    #[column("Name")]
    #[db_type(sqlite = "NVARCHAR(200)")]
    pub name: String,
    #[column("AlbumId")]
    #[references(Album)]
    #[index(name = "IFK_TrackAlbumId")]
    pub album_id: Option<Id<Album>>,
    #[column("MediaTypeId")]
    #[references(MediaType)]
    #[index(name = "IFK_TrackMediaTypeId")]
    pub media_type_id: Id<MediaType>,
    #[column("GenreId")]
    #[references(Genre)]
    #[index(name = "IFK_TrackGenreId")]
    pub genre_id: Option<Id<Genre>>,
    #[column("Composer")]
    #[db_type(sqlite = "NVARCHAR(220)")]
    pub composer: Option<String>,
    #[column("Milliseconds")]
    pub milliseconds: i64,
    #[column("Bytes")]
    pub bytes: Option<i64>,
    #[column("UnitPrice")]
    #[decimal(10, 2)]
    #[db_type(sqlite = "NUMERIC(10,2)")]
    pub unit_price: Decimal,
}
