//! The endpoint server.
