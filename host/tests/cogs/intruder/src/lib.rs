//! `!intruder TRY` tries what a cog must not do, and answers with the result. All of it is safe Rust that any
//! dependency of a cog could contain.
#![deny(unsafe_code)]

use std::{
    cell::Cell,
    fs::{self, File},
    io::{self, Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    os::{
        fd::AsFd,
        linux::net::SocketAddrExt,
        unix::{
            net::{SocketAddr, UnixDatagram, UnixListener, UnixStream},
            process::CommandExt,
        },
    },
    process::Command as Program,
    thread,
    time::Duration,
};

use gearshift_cog::{abi::Method, prelude::*};
use nix::{
    sched::{CloneFlags, unshare},
    sys::{memfd, ptrace, signal, socket, uio},
    unistd::{Pid, close},
};
use serde_json::json;

/// Long enough for every test.
const LONG: Duration = Duration::from_secs(3600);
/// In bytes.
const UPLOAD: usize = 20 << 20;
/// In bytes; too large to go through the socket.
const LARGE: usize = 200 << 10;

struct Intruder {
    host: Host,
    /// Whether it ends the process when dropped.
    is_armed: Cell<bool>,
}

impl Drop for Intruder {
    fn drop(&mut self) {
        if self.is_armed.get() {
            std::process::abort();
        }
    }
}

impl Cog for Intruder {
    const COMMANDS: &'static [Command] =
        &[Command::new("intruder", "Tries it").options(&[Opt::string("what", "What to try")])];

    async fn setup(host: Host) -> Result<Self> {
        Ok(Self { host, is_armed: Cell::new(false) })
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        let words: Vec<&str> = ctx.option("what").unwrap_or_default().split_whitespace().collect();
        let outcome = match words[..] {
            ["sleeps", count] => {
                let sleep = |host: Host| async move { host.clock().sleep(LONG).await };
                many(ctx, count.parse()?, sleep).await;
                "slept".to_owned()
            }
            ["calls", count] => {
                let read = |host: Host| async move { host.store().get_bytes("key").await.map(|_| ()) };
                let refused =
                    many(ctx, count.parse()?, read).await.into_iter().filter(|it| it.is_err()).count();
                format!("{refused} were refused")
            }
            ["uploads", url, count] => {
                let upload = |host: Host| async move {
                    host.http().post(url).body(vec![1; UPLOAD]).send().await.map(|_| ())
                };
                many(ctx, count.parse()?, upload).await;
                "uploaded".to_owned()
            }
            ["arm"] => {
                self.is_armed.set(true);
                "armed".to_owned()
            }
            ["log", count] => {
                (0..count.parse::<usize>()?).for_each(|number| tracing::info!(number, "flood"));
                "logged".to_owned()
            }
            ["rest", method, path] => said(rest(&self.host, method, path, json!({ "content": "x" })).await),
            ["rest", method, path, body] => {
                said(rest(&self.host, method, path, serde_json::from_str(body)?).await)
            }
            ["starve"] => {
                self.host.store().set_bytes("large", vec![1; LARGE]).await?;
                let _all: Vec<_> =
                    std::iter::from_fn(|| io::stdin().as_fd().try_clone_to_owned().ok()).collect();
                said(self.host.store().get_bytes("large").await)
            }
            ["fetch", url] => said(self.host.http().get(url).send().await.map(|it| it.status())),
            ["stream", url] => said(self.host.http().get(url).stream().await.map(|it| it.status())),
            ["api"] => said(self.host.api().get("/x").send().await),
            ["store"] => said(self.host.store().set("key", &1).await),
            ["plan"] => said(self.host.clock().every("tick", LONG)),
            ["shards"] => said(self.host.discord().shards().map(|shards| shards.len())),
            ["stats"] => {
                self.host.stats().incr("x", 1);
                "sent".to_owned()
            }
            _ => match attempt(&words) {
                Ok(done) => format!("done: {done}"),
                Err(error) => format!("refused: {error}"),
            },
        };
        ctx.reply(outcome).await?;
        Ok(())
    }
}

/// Tries to get something from the system.
fn attempt(words: &[&str]) -> io::Result<String> {
    let text = |size: usize| Ok(format!("{size} bytes"));
    match *words {
        ["hello"] => Ok("hello".to_owned()),
        ["read", path] => text(fs::read(path)?.len()),
        ["list", path] => text(fs::read_dir(path)?.count()),
        ["write", path] => fs::write(path, "mine").and(text(4)),
        ["append", path] => File::options().append(true).open(path)?.write_all(b"mine").and(text(4)),
        ["remove", path] => fs::remove_file(path).and(text(0)),
        ["rename", path] => fs::rename(path, format!("{path}.gone")).and(text(0)),
        ["link", path] => fs::hard_link(path, format!("{path}.link")).and(text(0)),
        ["mode", path] => {
            let mut mode = fs::metadata("/lib")?.permissions();
            mode.set_readonly(true);
            fs::set_permissions(path, mode).and(text(0))
        }
        ["tcp", address] => TcpStream::connect(address).and(text(0)),
        ["tcp-listen"] => TcpListener::bind("127.0.0.1:0").and(text(0)),
        ["udp"] => UdpSocket::bind("127.0.0.1:0").and(text(0)),
        ["unix", path] => UnixStream::connect(path).and(text(0)),
        ["unix-listen", path] => UnixListener::bind(path).and(text(0)),
        ["datagram"] => UnixDatagram::unbound().and(text(0)),
        ["datagrams"] => UnixDatagram::pair().and(text(0)),
        ["abstract", name] => UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?).and(text(0)),
        ["resolve", name] => text(std::net::ToSocketAddrs::to_socket_addrs(&(name, 80))?.count()),
        ["pair"] => {
            let (mut one, mut other) = UnixStream::pair()?;
            one.write_all(b"x")?;
            text(other.read(&mut [0])?)
        }
        ["run", program] => Program::new(program).status().and(text(0)),
        ["become", program] => Err(Program::new(program).arg("3600").exec()),
        ["close", "standard"] => text((0..3).filter(|descriptor| close(*descriptor).is_ok()).count()),
        ["close", from] => {
            let from = from.parse().map_err(io::Error::other)?;
            text((from..1024).filter(|descriptor| close(*descriptor).is_ok()).count())
        }
        ["leave"] => Ok(Program::new("/bin/sleep").arg("3600").spawn()?.id().to_string()),
        ["processes"] => loop {
            Program::new("/bin/sleep").arg("60").spawn()?;
        },
        ["kill", process] => Ok(signal::kill(pid(process), signal::Signal::SIGKILL)?).and(text(0)),
        ["ptrace", process] => Ok(ptrace::attach(pid(process))?).and(text(0)),
        ["peek", process, address] => {
            let mut bytes = [0; 16];
            let address = usize::from_str_radix(address, 16).map_err(io::Error::other)?;
            let there = uio::RemoteIoVec { base: address, len: bytes.len() };
            let mut here = [io::IoSliceMut::new(&mut bytes)];
            text(uio::process_vm_readv(pid(process), &mut here, &[there])?)
        }
        ["unshare"] => Ok(unshare(CloneFlags::CLONE_NEWUSER)?).and(text(0)),
        ["outlive"] => Ok(nix::sys::prctl::set_pdeathsig(None)?).and(text(0)),
        ["memfd"] => {
            let mut file = File::from(memfd::memfd_create("mine", memfd::MFdFlags::empty())?);
            fill(&mut file)
        }
        ["disk", path] => fill(&mut File::create(path)?),
        ["memory"] => {
            let mut kept = Vec::new();
            loop {
                kept.push(vec![1_u8; 1 << 20]);
            }
        }
        ["shared", mib] => shared(mib.parse().map_err(io::Error::other)?),
        ["buffers"] => {
            let (one, _) = UnixStream::pair()?;
            Ok(socket::setsockopt(&one, socket::sockopt::SndBuf, &(64 << 20))?).and(text(0))
        }
        ["threads", stack] => {
            let stack = stack.parse().map_err(io::Error::other)?;
            loop {
                thread::Builder::new().stack_size(stack).spawn(thread::park)?;
            }
        }
        ["spin", count] => {
            for _ in 0..count.parse().map_err(io::Error::other)? {
                thread::Builder::new().stack_size(64 << 10).spawn(|| {
                    loop {
                        std::hint::spin_loop();
                    }
                })?;
            }
            text(0)
        }
        ["frame", bytes] => frame(bytes),
        ["flood", bytes] => flood(bytes),
        ["close-sender"] => {
            // The last socket is the one for sending.
            let is_socket = |it: &i32| socket::send(*it, &[], socket::MsgFlags::empty()).is_ok();
            let last = (3..64).rev().find(is_socket).ok_or_else(|| io::Error::other("there is no socket"))?;
            Ok(nix::unistd::close(last)?).and(text(0))
        }
        ["abort"] => std::process::abort(),
        ["overflow"] => text(deeper(1)),
        ["fault"] => fault(),
        ["free-twice"] => free_twice(),
        ["say-and-fault"] => {
            print!("stack backtrace of signal nonsense\nthe last line\nno end of a line");
            io::stdout().flush()?;
            fault()
        }
        ["elsewhere"] => match thread::spawn(|| std::process::abort()).join() {
            Ok(()) | Err(_) => text(0),
        },
        ["blocking"] => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let work = async { tokio::time::timeout(LONG, tokio::task::spawn_blocking(|| 7)).await };
            let done = runtime.block_on(work).map_err(io::Error::other)?;
            text(done.map_err(io::Error::other)?)
        }
        _ => Err(io::Error::other(format!("I do not know {words:?}"))),
    }
}

/// Memory that another process could share.
#[allow(unsafe_code, reason = "safe crates that map it have a file for it")]
fn shared(mib: usize) -> io::Result<String> {
    use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
    let size = std::num::NonZeroUsize::new(mib << 20).ok_or_else(|| io::Error::other("that is none"))?;
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping, written within its bounds and never unmapped.
    unsafe {
        let memory = mmap_anonymous(None, size, protection, MapFlags::MAP_SHARED)?;
        memory.cast::<u8>().write_bytes(1, size.get());
    }
    Ok(format!("{mib} MiB"))
}

/// Recurses until the stack overflows.
fn deeper(depth: usize) -> usize {
    let room = [depth; 512];
    std::hint::black_box(&room);
    if depth == 0 { 0 } else { deeper(depth + 1) ^ room[1] }
}

/// Writes to unmapped memory.
#[allow(unsafe_code, reason = "the process is to end by it")]
fn fault() -> ! {
    const NOWHERE: usize = 64;
    // SAFETY: there is none. Nothing is mapped in the first page:
    // <https://man7.org/linux/man-pages/man5/proc_sys_vm.5.html>
    unsafe { std::ptr::without_provenance_mut::<u32>(NOWHERE).write_volatile(1) };
    unreachable!("something is mapped at address {NOWHERE}")
}

/// The allocator detects the double free, and ends the process while it holds its own lock.
#[allow(unsafe_code, reason = "the process is to end by it")]
fn free_twice() -> ! {
    // Larger than what is cached for reuse by size.
    let layout = std::alloc::Layout::new::<[u8; 2000]>();
    // SAFETY: there is none: the double free is detected.
    unsafe {
        let place = std::hint::black_box(std::alloc::alloc(layout));
        std::alloc::dealloc(place, layout);
        std::alloc::dealloc(place, layout);
    }
    unreachable!("nobody noticed")
}

fn said<T: std::fmt::Debug, E: std::fmt::Display>(outcome: std::result::Result<T, E>) -> String {
    match outcome {
        Ok(done) => format!("done: {done:?}"),
        Err(error) => format!("refused: {error}"),
    }
}

async fn rest(host: &Host, method: &str, path: &str, body: serde_json::Value) -> Result {
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        _ => Method::Delete,
    };
    host.discord().request(method, path).json(body).fetch().await
}

/// Writes bytes, in hexadecimal, into the socket to the host, as if they were a frame of the process.
fn frame(hex: &str) -> io::Result<String> {
    send(&bytes(hex)?).map(|sent| format!("{sent} bytes"))
}

/// Writes them there repeatedly, until the socket is closed.
fn flood(hex: &str) -> io::Result<String> {
    // As much as can be sent without another frame in between.
    let bytes = bytes(hex)?.repeat(50);
    thread::spawn(move || while send(&bytes).is_ok() {});
    Ok("a flood".to_owned())
}

fn bytes(hex: &str) -> io::Result<Vec<u8>> {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).map_err(io::Error::other);
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn send(bytes: &[u8]) -> io::Result<usize> {
    // No other descriptor of this process is a socket.
    let sent = (3..64).find_map(|descriptor| socket::send(descriptor, bytes, socket::MsgFlags::empty()).ok());
    sent.ok_or_else(|| io::Error::other("there is no socket"))
}

fn pid(text: &str) -> Pid {
    Pid::from_raw(text.parse().unwrap_or(1))
}

fn fill(file: &mut File) -> io::Result<String> {
    loop {
        file.write_all(&[1; 1 << 20])?;
    }
}

/// Starts this number of calls, and waits until all of them have ended.
async fn many<F: Future>(ctx: &Context, count: usize, one: impl Fn(Host) -> F) -> Vec<F::Output> {
    let mut begun: Vec<_> = (0..count).map(|_| Box::pin(one(ctx.host().clone()))).collect();
    let mut outcomes = Vec::new();
    std::future::poll_fn(|cx| {
        begun.retain_mut(|call| match call.as_mut().poll(cx) {
            std::task::Poll::Ready(outcome) => {
                outcomes.push(outcome);
                false
            }
            std::task::Poll::Pending => true,
        });
        if begun.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    outcomes
}

gearshift_cog::export!(Intruder);
