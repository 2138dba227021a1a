// How fast an output leaves a simulated device.

/** Output in pieces. */
export interface Pace {
  /** Bytes of the next piece. */
  bytes(): number;
  /** Runs `then` when the next piece may leave. */
  wait(then: () => void): void;
}

/** So many bytes at a time, so many milliseconds apart; 0: a turn of the event loop. */
export function steadyPace(bytes: number, pauseMs: number): Pace {
  return {
    bytes: () => bytes,
    wait: (then) => void (pauseMs > 0 ? setTimeout(then, pauseMs) : setImmediate(then)),
  };
}
