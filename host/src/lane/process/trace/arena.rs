//! The memory that the crash tracer allocates from: a cog may have crashed inside the system's allocator, with its lock
//! held, or for lack of memory.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    ptr,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering},
};

/// How much the tracer may allocate, in bytes. Untouched pages take no memory.
pub(in super::super) const ARENA_BYTES: usize = 128 << 20;
/// The smallest page size of any supported system.
const PAGE: usize = 4 << 10;

/// The thread that traces; 0 if none does.
static TRACER: AtomicUsize = AtomicUsize::new(0);
/// The memory that the tracer allocates from, and how many bytes of it are used.
static ARENA: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Reserves the memory. Returns how much, in bytes.
pub(in super::super) fn reserve() -> u64 {
    let Some(arena) = super::map(ARENA_BYTES) else { return 0 };
    ARENA.store(arena.cast(), Ordering::SeqCst);
    ARENA_BYTES as u64
}

/// The system's allocator; for the crash tracer, an allocator of reserved memory: a cog may have crashed inside the
/// system's allocator, with its lock held, or for lack of memory.
#[derive(Debug)]
pub struct Allocator;

/// Whether this thread is the tracer.
fn traces() -> bool {
    let tracer = TRACER.load(Ordering::Relaxed);
    // SAFETY: it takes no arguments, and never fails.
    tracer != 0 && tracer == unsafe { libc::pthread_self() } as usize
}

fn is_in_arena(place: *mut u8) -> bool {
    let arena = ARENA.load(Ordering::Relaxed);
    !arena.is_null() && (place as usize).wrapping_sub(arena as usize) < ARENA_BYTES
}

/// Whether it is the last piece that was allocated from the arena: that one can grow and be given back.
fn is_last(place: *mut u8, layout: Layout) -> bool {
    let from = (place as usize).wrapping_sub(ARENA.load(Ordering::Relaxed) as usize);
    is_in_arena(place) && from + layout.size() == TAKEN.load(Ordering::Relaxed)
}

/// Allocates the next piece of the arena.
fn take(layout: Layout) -> *mut u8 {
    let arena = ARENA.load(Ordering::Relaxed);
    let from = TAKEN.load(Ordering::Relaxed).next_multiple_of(layout.align());
    let end = from.saturating_add(layout.size());
    if arena.is_null() || end > ARENA_BYTES || layout.align() > PAGE {
        return ptr::null_mut();
    }
    TAKEN.store(end, Ordering::Relaxed);
    arena.wrapping_add(from)
}

// SAFETY: what comes from the system's allocator goes back to it with the same arguments. The arena is page-aligned,
// and each piece of it is given out once, within bounds and aligned.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if traces() {
            return take(layout);
        }
        // SAFETY: the arguments are passed on unchanged.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if traces() {
            let place = take(layout);
            if !place.is_null() {
                // SAFETY: the piece has that many bytes.
                unsafe { place.write_bytes(0, layout.size()) };
            }
            return place;
        }
        // SAFETY: the arguments are passed on unchanged.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        if traces() && is_last(place, layout) {
            TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        if traces() || is_in_arena(place) {
            return;
        }
        // SAFETY: the arguments are passed on unchanged.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !traces() && !is_in_arena(place) {
            // SAFETY: the arguments are passed on unchanged.
            return unsafe { System.realloc(place, layout, size) };
        }
        if traces() && is_last(place, layout) {
            TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
            // SAFETY: as below.
            return take(unsafe { Layout::from_size_align_unchecked(size, layout.align()) });
        }
        // SAFETY: the caller guarantees that `size` with this alignment is a valid layout.
        let new = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !new.is_null() {
            // SAFETY: both have at least that many bytes, and they do not overlap.
            unsafe { ptr::copy_nonoverlapping(place, new, layout.size().min(size)) };
        }
        new
    }
}

/// Lets `thread` allocate from the arena from now on, unless another thread does.
pub(super) fn open(thread: usize) {
    if !ARENA.load(Ordering::SeqCst).is_null() {
        let _ = TRACER.compare_exchange(0, thread, Ordering::SeqCst, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_that_traces_has_whole_aligned_pieces_until_the_arena_is_full_and_others_have_the_systems() {
        assert_eq!(reserve(), ARENA_BYTES as u64);
        // SAFETY: it takes no arguments, and never fails.
        open(unsafe { libc::pthread_self() } as usize);
        let layout = |size, align| Layout::from_size_align(size, align).expect("it is one");
        // SAFETY: each piece is only used within its bounds, and is freed once.
        unsafe {
            let one = Allocator.alloc(layout(3, 1));
            let two = Allocator.alloc(layout(8, 64));
            assert!(is_in_arena(one) && is_in_arena(two) && (two as usize).is_multiple_of(64));
            two.write_bytes(7, 8);
            assert_eq!(Allocator.realloc(two, layout(8, 64), 4096), two, "the last one grows where it is");
            let moved = Allocator.realloc(one, layout(3, 1), 9);
            assert!(moved > two && is_in_arena(moved));
            Allocator.dealloc(moved, layout(9, 1));
            let zeros = Allocator.alloc_zeroed(layout(16, 1));
            assert!(zeros == moved && (0..16).all(|at| zeros.add(at).read() == 0));
            assert_eq!(two.add(7).read(), 7, "nobody else has it");
            assert!(Allocator.alloc(layout(ARENA_BYTES, 1)).is_null());
            let other =
                std::thread::spawn(move || Allocator.alloc(layout(8, 8)) as usize).join().expect("no panic");
            assert!(!is_in_arena(other as *mut u8));
            TRACER.store(0, Ordering::SeqCst);
            Allocator.dealloc(other as *mut u8, layout(8, 8));
            // What the tracer left behind is never freed.
            Allocator.dealloc(two, layout(4096, 64));
        }
    }
}
