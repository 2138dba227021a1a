// `netsweep backup` and `netsweep schedule ...` with their help.
import type { Command } from 'commander';
import { addCommand, type Edge } from './command.js';
import { BACKUP, CONNECTION, RUNS, SCHEDULE, TABLE } from './settings.js';

export function addBackup(program: Command, edge: Edge): void {
  addCommand(program, edge, {
    usage: 'backup [command...]',
    about: "write devices' configurations, or what they answer to commands, into a git repository",
    settings: BACKUP,
    examples: [
      'netsweep backup -i lab.yaml --repo /srv/configs.git',
      "netsweep backup -i lab.yaml --repo /srv/configs.git --layout group 'show running-config' 'show version' --push",
      'netsweep backup --from last --repo /srv/configs.git',
    ],
    act: async (call) => (await import('./backup.js')).backup(call),
  });
}

export function addSchedules(program: Command, edge: Edge): void {
  const schedules = program
    .command('schedule')
    .description('command lines that netsweep serve starts by the clock');
  const lazy = () => import('./schedule.js');
  addCommand(schedules, edge, {
    usage: 'add <name> <command...>',
    about: 'start a run, an audit or a backup at certain times; its command line stands behind --',
    settings: SCHEDULE,
    examples: [
      "netsweep schedule add versions --cron '30 2 * * *' --zone Europe/Berlin -- run -i /etc/netsweep/lab.yaml 'show version'",
      "netsweep schedule add night --cron '0 1 * * 1-5' --jitter 10m --window 22:00-05:00 -- backup -i /etc/netsweep/lab.yaml --repo /srv/configs.git",
      'netsweep schedule add hourly --cron @hourly --overlap queue --missed run-once -- run -i lab.yaml -t /srv/tree',
    ],
    act: async (call) => (await lazy()).addSchedule(call),
  });
  addCommand(schedules, edge, {
    usage: 'set <name> [command...]',
    about: 'change a schedule: what is given takes the place of what was there, all else stays',
    settings: SCHEDULE,
    examples: [
      "netsweep schedule set night --cron '0 3 * * *' --notify chat",
      'netsweep schedule set night --window any --notify none',
      'netsweep schedule set night -- backup -i /etc/netsweep/all.yaml --repo /srv/configs.git',
    ],
    act: async (call) => (await lazy()).changeSchedule(call),
  });
  addCommand(schedules, edge, {
    usage: 'list',
    about: 'all schedules, with their next and last runs',
    settings: { ...TABLE, ...CONNECTION },
    examples: ['netsweep schedule list', 'netsweep schedule list --json'],
    act: async (call) => (await lazy()).listSchedules(call),
  });
  addCommand(schedules, edge, {
    usage: 'show <name>',
    about: 'one schedule: what it starts, when, and what became of its due times',
    settings: { ...TABLE, ...RUNS, ...CONNECTION },
    examples: ['netsweep schedule show night', 'netsweep schedule show night --last 200 --json'],
    act: async (call) => (await lazy()).showSchedule(call),
  });
  addCommand(schedules, edge, {
    usage: 'run <name>',
    about: 'start it now; also while it is paused',
    settings: CONNECTION,
    examples: ['netsweep schedule run night'],
    act: async (call) => (await lazy()).runSchedule(call),
  });
  addCommand(schedules, edge, {
    usage: 'pause <name>',
    about: 'skip its due times until it is resumed',
    settings: CONNECTION,
    examples: ['netsweep schedule pause night'],
    act: async (call) => (await lazy()).pauseSchedule(call, true),
  });
  addCommand(schedules, edge, {
    usage: 'resume <name>',
    about: 'start it again from its next due time on',
    settings: CONNECTION,
    examples: ['netsweep schedule resume night'],
    act: async (call) => (await lazy()).pauseSchedule(call, false),
  });
  addCommand(schedules, edge, {
    usage: 'rm <name>',
    about: 'forget a schedule and its runs; one that is under way is ended',
    settings: CONNECTION,
    examples: ['netsweep schedule rm night'],
    act: async (call) => (await lazy()).removeSchedule(call),
  });
}
