//! The packings of fixtures that Django knows by the end of a file's name, with Python's words where one is broken.

use std::io::{self, Read, Write};

use bzip2::{Decompress, write::BzEncoder};
use flate2::{
    bufread::{DeflateDecoder, GzDecoder},
    write::GzEncoder,
};
use liblzma::stream::{Action, LzmaOptions, Status, Stream};
use liblzma::write::XzEncoder;
use rawzip::{CompressionMethod, ZipArchive};

/// How much room a decoder is given at a time.
const STEP: usize = 1 << 18;
/// xz's own default, and Python's.
const XZ_LEVEL: u32 = 6;

/// A packing of a fixture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Compression {
    Gz,
    Zip,
    Bz2,
    Lzma,
    Xz,
}

/// A packed fixture cannot be unpacked: the exception of Python's.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Broken {
    /// Its class, with the module where it is no builtin.
    pub exception: &'static str,
    pub message: String,
    pub when: When,
}

/// When a packing is found to be broken: what Django adds to the message depends on it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum When {
    /// As the file is opened: the message stays as it is.
    Opening,
    /// As it is read: the message begins with the fixture's name.
    Reading,
}

impl Broken {
    fn reading(exception: &'static str, message: impl Into<String>) -> Self {
        Self { exception, message: message.into(), when: When::Reading }
    }

    fn opening(exception: &'static str, message: &str) -> Self {
        Self { exception, message: message.into(), when: When::Opening }
    }

    fn cut() -> Self {
        Self::reading("EOFError", "Compressed file ended before the end-of-stream marker was reached")
    }
}

impl Compression {
    /// In the order in which Django looks for them.
    pub(super) const ALL: [Self; 5] = [Self::Gz, Self::Zip, Self::Bz2, Self::Lzma, Self::Xz];

    /// By the end of a file's name.
    pub(super) fn named(end: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| compression.end() == end)
    }

    /// The end of a file's name.
    pub(super) fn end(self) -> &'static str {
        match self {
            Self::Gz => "gz",
            Self::Zip => "zip",
            Self::Bz2 => "bz2",
            Self::Lzma => "lzma",
            Self::Xz => "xz",
        }
    }

    /// What was packed.
    pub(super) fn unpack(self, bytes: &[u8]) -> Result<Vec<u8>, Broken> {
        match self {
            Self::Gz => gunzip(bytes),
            Self::Zip => unzip(bytes),
            Self::Bz2 => streams(bytes, || Ok(Decompress::new(false)), bz2_step),
            // Each is read under the name of the other as well, as by Python's lzma module.
            Self::Lzma | Self::Xz => {
                streams(bytes, || Stream::new_auto_decoder(u64::MAX, 0).map_err(xz_broken), xz_step)
            }
        }
    }

    /// Packs `bytes` into `out`; `None` for zip, which Django only reads.
    pub(super) fn pack(self, bytes: &[u8], out: &mut dyn Write) -> Option<io::Result<()>> {
        Some(match self {
            Self::Gz => {
                let mut gz = GzEncoder::new(out, flate2::Compression::default());
                gz.write_all(bytes).and_then(|()| gz.finish().map(drop))
            }
            Self::Zip => return None,
            Self::Bz2 => {
                let mut bz2 = BzEncoder::new(out, bzip2::Compression::best());
                bz2.write_all(bytes).and_then(|()| bz2.finish().map(drop))
            }
            Self::Lzma => LzmaOptions::new_preset(XZ_LEVEL)
                .and_then(|options| Stream::new_lzma_encoder(&options))
                .map_err(io::Error::from)
                .and_then(|stream| pack_xz(XzEncoder::new_stream(out, stream), bytes)),
            Self::Xz => pack_xz(XzEncoder::new(out, XZ_LEVEL), bytes),
        })
    }
}

fn pack_xz<W: Write>(mut xz: XzEncoder<W>, bytes: &[u8]) -> io::Result<()> {
    xz.write_all(bytes)?;
    xz.finish().map(drop)
}

/// All members of a gzip file; zeros between and behind them are padding.
fn gunzip(mut rest: &[u8]) -> Result<Vec<u8>, Broken> {
    const BAD: &str = "gzip.BadGzipFile";
    let mut plain = Vec::new();
    while !rest.is_empty() {
        if !rest.starts_with(&[0x1f, 0x8b]) {
            let begin: String = rest.iter().take(2).flat_map(|b| b.escape_ascii()).map(char::from).collect();
            return Err(Broken::reading(BAD, format!("Not a gzipped file (b'{begin}')")));
        }
        let begin = plain.len();
        let mut reader = GzDecoder::new(rest);
        let read = reader.read_to_end(&mut plain);
        let whole = rest;
        rest = reader.into_inner();
        if let Err(error) = read {
            // flate2 says that the checksum differs after it has read the trailer: checksum, then length.
            let trailer = whole[..whole.len() - rest.len()].last_chunk::<8>();
            let computed = crc32fast::hash(&plain[begin..]);
            return Err(match (error.kind(), trailer) {
                (io::ErrorKind::UnexpectedEof, _) => Broken::cut(),
                (io::ErrorKind::InvalidInput, Some([a, b, c, d, ..])) if error.to_string().contains("checksum") => {
                    let stored = u32::from_le_bytes([*a, *b, *c, *d]);
                    Broken::reading(BAD, format!("CRC check failed {stored:#x} != {computed:#x}"))
                }
                _ => Broken::reading("zlib.error", format!("Error -3 while decompressing data: {error}")),
            });
        }
        let padding = rest.iter().take_while(|byte| **byte == 0).count();
        rest = &rest[padding..];
    }
    Ok(plain)
}

/// The one file of a zip archive.
fn unzip(bytes: &[u8]) -> Result<Vec<u8>, Broken> {
    const BAD: &str = "zipfile.BadZipFile";
    let archive = ZipArchive::from_slice(bytes).map_err(|_| Broken::opening(BAD, "File is not a zip file"))?;
    let mut entries = archive.entries();
    let mut next = || entries.next_entry().map_err(|_| Broken::opening(BAD, "Bad magic number for central directory"));
    let (Some(entry), None) = (next()?, next()?) else {
        return Err(Broken::opening("ValueError", "Zip-compressed fixtures must contain one file."));
    };
    let name = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
    if entry.flags().is_encrypted() {
        let text = format!("File '{name}' is encrypted, password required for extraction");
        return Err(Broken::reading("RuntimeError", text));
    }
    let local = archive.get_entry(entry.wayfinder());
    let local = local.map_err(|_| Broken::reading(BAD, "Bad magic number for file header"))?;
    let mut plain = Vec::new();
    let read = match entry.compression_method() {
        CompressionMethod::STORE => local.verifying_reader(local.data()).read_to_end(&mut plain),
        CompressionMethod::DEFLATE => local.verifying_reader(DeflateDecoder::new(local.data())).read_to_end(&mut plain),
        CompressionMethod::BZIP2 => {
            local.verifying_reader(bzip2::bufread::BzDecoder::new(local.data())).read_to_end(&mut plain)
        }
        _ => return Err(Broken::reading("NotImplementedError", "That compression method is not supported")),
    };
    read.map_err(|_| Broken::reading(BAD, format!("Bad CRC-32 for file '{name}'")))?;
    Ok(plain)
}

/// What one call of a decoder did: how much of the input it took, and whether its stream is at its end.
struct Step {
    taken: usize,
    ended: bool,
}

/// Streams that follow each other. What follows a whole one and is none is passed over, as in Python.
fn streams<D>(
    mut rest: &[u8],
    begin: impl Fn() -> Result<D, Broken>,
    step: impl Fn(&mut D, &[u8], &mut Vec<u8>) -> Result<Step, Broken>,
) -> Result<Vec<u8>, Broken> {
    let mut plain = Vec::new();
    let mut whole = 0;
    loop {
        let mut decoder = begin()?;
        let before = plain.len();
        loop {
            plain.reserve(STEP);
            let had = plain.len();
            match step(&mut decoder, rest, &mut plain) {
                Ok(Step { taken, ended }) => {
                    rest = &rest[taken..];
                    if ended {
                        break;
                    }
                    if taken == 0 && plain.len() == had {
                        return Err(Broken::cut());
                    }
                }
                Err(_) if whole > 0 && plain.len() == before => return Ok(plain),
                Err(broken) => return Err(broken),
            }
        }
        whole += 1;
        if rest.is_empty() {
            return Ok(plain);
        }
    }
}

fn bz2_step(decoder: &mut Decompress, input: &[u8], plain: &mut Vec<u8>) -> Result<Step, Broken> {
    let before = decoder.total_in();
    let status = decoder.decompress_vec(input, plain).map_err(|_| Broken::reading("OSError", "Invalid data stream"))?;
    Ok(Step { taken: difference(before, decoder.total_in()), ended: status == bzip2::Status::StreamEnd })
}

fn xz_step(decoder: &mut Stream, input: &[u8], plain: &mut Vec<u8>) -> Result<Step, Broken> {
    let before = decoder.total_in();
    let status = decoder.process_vec(input, plain, Action::Run).map_err(xz_broken)?;
    Ok(Step { taken: difference(before, decoder.total_in()), ended: status == Status::StreamEnd })
}

fn difference(before: u64, after: u64) -> usize {
    usize::try_from(after - before).expect("no more is taken than was given")
}

fn xz_broken(error: liblzma::stream::Error) -> Broken {
    use liblzma::stream::Error;
    let text = match error {
        Error::Format => "Input format not supported by decoder",
        Error::Data => "Corrupt input data",
        Error::Options | Error::UnsupportedCheck => "Invalid or unsupported options",
        Error::MemLimit => "Memory usage limit exceeded",
        Error::Mem => return Broken::reading("MemoryError", ""),
        Error::Program | Error::NoCheck => "Internal error",
    };
    Broken::reading("_lzma.LZMAError", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        compression.pack(bytes, &mut out).expect("it can be written").expect("a vector takes everything");
        out
    }

    const WRITTEN: [Compression; 4] = [Compression::Gz, Compression::Bz2, Compression::Lzma, Compression::Xz];

    fn much() -> Vec<u8> {
        (0..300_000u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 24).to_string().into_bytes()).collect()
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        for compression in WRITTEN {
            for plain in [b"".to_vec(), b"[]".to_vec(), much()] {
                assert_eq!(compression.unpack(&packed(compression, &plain)), Ok(plain), "{compression:?}");
            }
        }
    }

    #[test]
    fn packed_files_can_be_put_behind_each_other() {
        for compression in WRITTEN {
            let two = [packed(compression, b"[1,"), packed(compression, b"2]")].concat();
            assert_eq!(compression.unpack(&two), Ok(b"[1,2]".to_vec()), "{compression:?}");
        }
    }

    #[test]
    fn a_file_that_is_cut_off_is_refused_wherever_it_is_cut() {
        for compression in WRITTEN {
            let whole = packed(compression, &much()[..5000]);
            for length in [1, 5, 12, 20, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
                // A gzip file is told by its first two bytes.
                let exception = compression.unpack(&whole[..length]).expect_err("it is cut").exception;
                let expected =
                    if length == 1 && compression == Compression::Gz { "gzip.BadGzipFile" } else { "EOFError" };
                assert_eq!(exception, expected, "{compression:?} at {length} of {}", whole.len());
            }
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        for compression in WRITTEN {
            let mut bytes = packed(compression, &much());
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            // `.lzma` has no checksum: what comes out differs, or cannot be decoded.
            assert_ne!(compression.unpack(&bytes), Ok(much()), "{compression:?}");
            if compression != Compression::Lzma {
                let broken = compression.unpack(&bytes).expect_err("it has a checksum");
                assert_eq!(broken.when, When::Reading, "{compression:?}");
            }
        }
    }

    #[test]
    fn what_is_no_packed_file_is_named_as_python_names_it() {
        let refused = |compression: Compression| {
            let Broken { exception, message, .. } = compression.unpack(b"not packed").expect_err("it is not packed");
            format!("{exception}: {message}")
        };
        assert_eq!(refused(Compression::Gz), "gzip.BadGzipFile: Not a gzipped file (b'no')");
        assert_eq!(refused(Compression::Zip), "zipfile.BadZipFile: File is not a zip file");
        assert_eq!(refused(Compression::Bz2), "OSError: Invalid data stream");
        assert_eq!(refused(Compression::Xz), "_lzma.LZMAError: Input format not supported by decoder");
    }

    #[test]
    fn what_follows_a_whole_stream_and_is_none_is_passed_over() {
        for compression in [Compression::Bz2, Compression::Lzma, Compression::Xz] {
            let trailing = [packed(compression, b"[]"), b"garbage!".to_vec()].concat();
            assert_eq!(compression.unpack(&trailing), Ok(b"[]".to_vec()), "{compression:?}");
        }
        let trailing = [packed(Compression::Gz, b"[]"), b"garbage!".to_vec()].concat();
        assert_eq!(Compression::Gz.unpack(&trailing).expect_err("gzip is strict").exception, "gzip.BadGzipFile");
        let padded = [packed(Compression::Gz, b"[]"), vec![0; 512]].concat();
        assert_eq!(Compression::Gz.unpack(&padded), Ok(b"[]".to_vec()));
    }
}
