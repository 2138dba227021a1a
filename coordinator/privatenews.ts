// What the private coordinator and whoever starts it say to each other, besides the service that both know.

/** Told in its arguments: a sweep is on its way. */
export const SWEEP_COMES = 'sweep-comes';

/** What the process tells its starter over IPC. */
export type PrivateNews = { address: string } | { inUse: true } | { error: string };
