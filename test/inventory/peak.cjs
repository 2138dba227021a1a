// Required by a program under test: says on stderr how much memory it had at most.
process.on('exit', () => console.error(`peak ${process.resourceUsage().maxRSS >> 10} MiB`));
