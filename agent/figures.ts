// What is measured of one session, on its way from the worker to whoever watches over the agent. Apart from the attempt:
// the coordinator does not need it, and a number in each result would travel with every device.

/** Microseconds to connect and to log in (0: it did not get there), bytes that came and that left. */
export type Figures = readonly [connectUs: number, loginUs: number, bytesIn: number, bytesOut: number];

export const NO_FIGURES: Figures = [0, 0, 0, 0];
