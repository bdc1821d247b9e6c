//! What the tracing of a crash allocates: a cog may have crashed within the system's allocator, with its lock taken, or for
//! lack of memory.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    ptr,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
};

/// What the tracing may allocate. Untouched, it takes no memory.
pub(in super::super) const ROOM_BYTES: usize = 128 << 20;
/// No system has smaller ones.
const PAGE: usize = 4 << 10;

/// The thread that traces; 0: none.
static TRACER: AtomicUsize = AtomicUsize::new(0);
/// Where the tracing allocates, and how much of that it has.
static ROOM: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Keeps room for the tracing; how much, in bytes.
pub(in super::super) fn keep() -> u64 {
    let Some(room) = super::map(ROOM_BYTES) else { return 0 };
    ROOM.store(room.cast(), Ordering::SeqCst);
    ROOM_BYTES as u64
}

/// The system's allocator, and for the tracing the room that is kept for it: a cog may have crashed within the system's, with
/// its lock taken, or for lack of memory.
#[derive(Debug)]
pub struct Allocator;

/// Whether this thread traces.
fn traces() -> bool {
    let tracer = TRACER.load(Ordering::Relaxed);
    // SAFETY: it takes nothing, and never fails.
    tracer != 0 && tracer == unsafe { libc::pthread_self() } as usize
}

fn is_in_room(place: *mut u8) -> bool {
    let room = ROOM.load(Ordering::Relaxed);
    !room.is_null() && (place as usize).wrapping_sub(room as usize) < ROOM_BYTES
}

/// Whether it is the piece of the room that was taken last: that one can grow and be given back.
fn is_last(place: *mut u8, layout: Layout) -> bool {
    let from = (place as usize).wrapping_sub(ROOM.load(Ordering::Relaxed) as usize);
    is_in_room(place) && from + layout.size() == TAKEN.load(Ordering::Relaxed)
}

/// The next piece of the room.
fn take(layout: Layout) -> *mut u8 {
    let room = ROOM.load(Ordering::Relaxed);
    let from = TAKEN.load(Ordering::Relaxed).next_multiple_of(layout.align());
    let end = from.saturating_add(layout.size());
    if room.is_null() || end > ROOM_BYTES || layout.align() > PAGE {
        return ptr::null_mut();
    }
    TAKEN.store(end, Ordering::Relaxed);
    room.wrapping_add(from)
}

// SAFETY: what is the system's goes to the system as it came; of the room, which begins with a page, each piece is given once,
// in bounds and aligned.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if traces() {
            return take(layout);
        }
        // SAFETY: as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if traces() {
            let place = take(layout);
            if !place.is_null() {
                // SAFETY: it has so many bytes.
                unsafe { place.write_bytes(0, layout.size()) };
            }
            return place;
        }
        // SAFETY: as it came.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        if traces() && is_last(place, layout) {
            TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        if traces() || is_in_room(place) {
            return;
        }
        // SAFETY: as it came.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !traces() && !is_in_room(place) {
            // SAFETY: as it came.
            return unsafe { System.realloc(place, layout, size) };
        }
        if traces() && is_last(place, layout) {
            TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
            // SAFETY: as below.
            return take(unsafe { Layout::from_size_align_unchecked(size, layout.align()) });
        }
        // SAFETY: the caller holds to it that `size` fits with this alignment.
        let new = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !new.is_null() {
            // SAFETY: both have as many bytes, and they are apart.
            unsafe { ptr::copy_nonoverlapping(place, new, layout.size().min(size)) };
        }
        new
    }
}

/// From now on `thread` allocates from the room, unless another one does.
pub(super) fn open(thread: usize) {
    if !ROOM.load(Ordering::SeqCst).is_null() {
        let _ = TRACER.compare_exchange(0, thread, Ordering::SeqCst, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_that_traces_has_whole_aligned_pieces_until_the_room_is_full_and_others_have_the_systems() {
        assert_eq!(keep(), ROOM_BYTES as u64);
        // SAFETY: it takes nothing, and never fails.
        open(unsafe { libc::pthread_self() } as usize);
        let layout = |size, align| Layout::from_size_align(size, align).expect("it is one");
        // SAFETY: of each piece only what it has is used, and it is given back once.
        unsafe {
            let one = Allocator.alloc(layout(3, 1));
            let two = Allocator.alloc(layout(8, 64));
            assert!(is_in_room(one) && is_in_room(two) && (two as usize).is_multiple_of(64));
            two.write_bytes(7, 8);
            assert_eq!(Allocator.realloc(two, layout(8, 64), 4096), two, "the last one grows where it is");
            let moved = Allocator.realloc(one, layout(3, 1), 9);
            assert!(moved > two && is_in_room(moved));
            Allocator.dealloc(moved, layout(9, 1));
            let zeros = Allocator.alloc_zeroed(layout(16, 1));
            assert!(zeros == moved && (0..16).all(|at| zeros.add(at).read() == 0));
            assert_eq!(two.add(7).read(), 7, "nobody else has it");
            assert!(Allocator.alloc(layout(ROOM_BYTES, 1)).is_null());
            let other =
                std::thread::spawn(move || Allocator.alloc(layout(8, 8)) as usize).join().expect("no panic");
            assert!(!is_in_room(other as *mut u8));
            TRACER.store(0, Ordering::SeqCst);
            Allocator.dealloc(other as *mut u8, layout(8, 8));
            // What the tracing has left is nobody's.
            Allocator.dealloc(two, layout(4096, 64));
        }
    }
}
