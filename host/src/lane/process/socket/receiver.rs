//! The receiving half: assembles frames from what arrives.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, IoSliceMut, Read},
    mem::MaybeUninit,
    os::fd::{BorrowedFd, OwnedFd},
};

use rustix::{
    io::Errno,
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg},
};

use super::{HEADER, IN_FILE, INLINE_MAX};

/// Maximum number of files that one message of the socket can carry.
const FILES: usize = 8;

/// Assembles frames from what arrives.
#[derive(Debug)]
pub(in super::super) struct Receiver {
    /// Maximum length of a frame, in bytes.
    frame_max: usize,
    /// The received bytes are between `start` and `end`; the rest is free.
    bytes: Vec<u8>,
    /// The end of the last frame that was returned.
    start: usize,
    end: usize,
    files: VecDeque<OwnedFd>,
    /// A file arrived, but this process had no descriptor left for it.
    lacks_file: bool,
}

impl Receiver {
    /// For frames of at most `frame_max` bytes.
    pub(in super::super) fn new(frame_max: usize) -> Receiver {
        Receiver { frame_max, bytes: Vec::new(), start: 0, end: 0, files: VecDeque::new(), lacks_file: false }
    }

    /// Receives once. Returns how many bytes, 0 at the end of the stream.
    ///
    /// # Errors
    /// Errors of the system; `WouldBlock` if nothing has arrived and the socket does not block.
    pub(in super::super) fn fill(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        self.bytes.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        // Allocated once, and enlarged only for larger frames.
        if self.bytes.len() < self.end + INLINE_MAX {
            self.bytes.resize(self.end + INLINE_MAX, 0);
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FILES))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut buffer = [IoSliceMut::new(&mut self.bytes[self.end..])];
        let received = recvmsg(socket, &mut buffer, &mut ancillary, RecvFlags::CMSG_CLOEXEC);
        let length = received.as_ref().map_or(0, |received| received.bytes);
        self.end += length;
        let before = self.files.len();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(files) = message {
                self.files.extend(files);
            }
        }
        // Files are also dropped if there were more than `space` can hold.
        let is_cut = received?.flags.contains(ReturnFlags::CTRUNC);
        self.lacks_file |= is_cut && self.files.len() - before < FILES;
        if self.files.len() > FILES {
            return Err(io::Error::other("received files that belong to no frame"));
        }
        Ok(length)
    }

    /// The next frame that has arrived completely.
    ///
    /// # Errors
    /// When the other side sent something that is not a frame; [`Errno::MFILE`] when this process had no descriptor
    /// left for a large frame.
    pub(in super::super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let rest = &self.bytes[self.start..self.end];
        let Some((header, rest)) = rest.split_first_chunk::<HEADER>() else { return Ok(None) };
        let header = u32::from_ne_bytes(*header);
        let length = usize::try_from(header & !IN_FILE).unwrap_or(usize::MAX);
        if length > self.frame_max {
            let most = self.frame_max;
            return Err(io::Error::other(format!("a frame of {length} bytes, {most} are allowed")));
        }
        if header & IN_FILE == 0 {
            let Some(frame) = rest.get(..length) else { return Ok(None) };
            let frame = frame.to_vec();
            self.start += HEADER + length;
            return Ok(Some(frame));
        }
        if self.lacks_file {
            return Err(Errno::MFILE.into());
        }
        self.start += HEADER;
        let file = self.files.pop_front().ok_or_else(|| io::Error::other("a frame's file is missing"))?;
        let found = rustix::fs::fstat(&file)?;
        // Reading a pipe would block this thread, and memory is only allocated for bytes that exist.
        let is_memory = rustix::fs::FileType::from_raw_mode(found.st_mode).is_file();
        if !is_memory || u64::try_from(found.st_size).unwrap_or(0) < length as u64 {
            return Err(io::Error::other("a frame's file is too short, or none"));
        }
        let mut frame = Vec::with_capacity(length);
        File::from(file).take(length as u64).read_to_end(&mut frame)?;
        if frame.len() != length {
            return Err(io::Error::other("a frame's file is too short"));
        }
        Ok(Some(frame))
    }

    /// The file that was sent along with the last frame. Must be taken before the next frame, as a large one
    /// has a file too.
    pub(in super::super) fn file(&mut self) -> Option<OwnedFd> {
        self.files.pop_front()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::{
        io::Write,
        os::{fd::AsFd, unix::net::UnixStream},
    };

    use super::*;

    pub(in super::super) const FRAME_MAX: usize = 4 << 20;

    /// All frames that have arrived.
    pub(in super::super) fn receive(
        receiver: &mut Receiver,
        socket: &UnixStream,
    ) -> io::Result<Vec<Vec<u8>>> {
        let mut frames = Vec::new();
        loop {
            while let Some(frame) = receiver.next()? {
                frames.push(frame);
            }
            match receiver.fill(socket.as_fd()) {
                Ok(0) => return Ok(frames),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(frames),
                Err(error) => return Err(error),
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_in_whatever_pieces_is_frames_or_an_error(
            pieces in proptest::collection::vec(proptest::collection::vec(0_u8.., 0..300), 0..20),
        ) {
            let (one, other) = UnixStream::pair().expect("two sockets");
            other.set_nonblocking(true).expect("a mode");
            let (mut receiver, mut length, mut given) = (Receiver::new(FRAME_MAX), 0, 0);
            for piece in &pieces {
                (&one).write_all(piece).expect("room");
                length += piece.len();
                let Ok(frames) = receive(&mut receiver, &other) else { return Ok(()) };
                given += frames.iter().map(|frame| HEADER + frame.len()).sum::<usize>();
                // No byte is made up, and none that was returned is kept.
                proptest::prop_assert!(given + receiver.end - receiver.start == length);
            }
        }
    }
}
