// What the kernel tells of processes: children, memory, and which of them holds which connection.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const ESTABLISHED = /^ *\d+: \S+ \S+ 01 /;

/** Processes that this one has forked. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return []; // it has ended
  }
}

/** Whether it is there; one that only waits to be forgotten is not. */
export function isAlive(pid: number): boolean {
  const state = stateOf(pid);
  return state !== null && state !== 'Z' && state !== 'X';
}

/** T: stopped. */
export function stateOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] ?? null;
  } catch {
    return null;
  }
}

/** Tells a process from a later one of the same number. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** The most memory that it ever had resident, in bytes. */
export function peakOf(pid: number): number {
  try {
    const [, kilobytes = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return 0;
  }
}

/** Its command line and its environment. */
export function wordsOf(pid: number): string[] {
  try {
    return ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'latin1'));
  } catch {
    return [];
  }
}

export interface Connection {
  /** Of our end. */
  port: number;
  /** Of the other end. */
  address: string;
  inode: string;
}

/** IPv4 connections from this machine to any address at `port`. */
export function connectionsTo(port: number): Connection[] {
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .filter((line) => ESTABLISHED.test(line)) // those that have ended are many more
    .flatMap((line) => {
      const [, local = '', remote = '', , , , , , , inode = '0'] = line.trim().split(/\s+/);
      if (inode === '0' || portOf(remote) !== port) return [];
      return [{ port: portOf(local), address: addressOf(remote), inode }];
    });
}

/** The sockets that a process has open, as inodes. */
export function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return [];
  }
}

function portOf(text: string): number {
  return Number.parseInt(text.slice(-4), 16);
}

function addressOf(text: string): string {
  return [6, 4, 2, 0].map((at) => Number.parseInt(text.slice(at, at + 2), 16)).join('.');
}
