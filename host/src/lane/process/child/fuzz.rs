//! Feeds any bytes to a cog's process as frames of the host.

use super::{
    super::{
        super::{Begin, Ended},
        fuzz::frames,
    },
    *,
};

/// Whatever the host sends is carried out or refused, and what is sent back can be parsed by the host.
pub fn frames_to_cog(bytes: &[u8]) {
    let (cog, host) = net::UnixStream::pair().expect("two sockets");
    host.set_nonblocking(true).expect("a mode");
    let pulse = Arc::new(Pulse::default());
    let sender = Arc::new(Sender::new(cog.try_clone().expect("a descriptor").into(), false));
    let to_host = ToHostSender { sender, pulse: Arc::clone(&pulse) };
    let bounds = Bounds::of(&crate::config::Limits::default());
    let (orders, mut received) = mpsc::unbounded_channel();
    let inbox = Inbox::new(usize::MAX);
    inbox.open();
    let mut side = Side {
        socket: cog,
        receiver: Receiver::new(usize::MAX),
        pulse,
        window: Arc::new(to_host.window(bounds)),
        bounds,
        to_host,
        remote: Arc::new(Remote::new(|_| true)),
        orders,
        inbox,
        begins: Begins::default(),
        is_ending: Arc::default(),
        asked: HashMap::new(),
    };
    for frame in frames(bytes) {
        let Ok((read, rest)) = postcard::take_from_bytes::<ToCog<'_>>(frame) else { continue };
        let written = postcard::to_allocvec(&read).expect("it has an encoding");
        let again: ToCog<'_> = postcard::from_bytes(&written).expect("it was written just now");
        assert!(postcard::to_allocvec(&again).is_ok_and(|again| again == written));
        side.take(read, rest);
        while let Ok(order) = received.try_recv() {
            side.pulse.take_order();
            if let Order::Save(answer) = order {
                answer.send(Ok(None));
            }
        }
        side.inbox.take(|_| true).into_iter().for_each(begin_and_end);
    }
    let mut receiver = Receiver::new(usize::MAX);
    while matches!(receiver.fill(host.as_fd()), Ok(1..)) {
        while let Some(frame) = receiver.next().expect("a frame") {
            postcard::from_bytes::<ToHost<'_>>(&frame).expect("a frame for the host");
        }
    }
}

fn begin_and_end(item: Item) {
    let Item { call, observer, .. } = item;
    let Some(mut observer) = observer else { return };
    match observer.begin(call) {
        Begin::No => observer.decline(),
        Begin::Now(_) | Begin::Later(_) => observer.end(Ended::Done),
    }
}
