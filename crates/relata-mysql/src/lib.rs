//! The MariaDB and MySQL driver of relata.
