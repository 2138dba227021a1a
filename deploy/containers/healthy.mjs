// Whether HOST:PORT/PATH answers 200, as an exit code: health is told on loopback only, where no probe from outside comes.
const response = await fetch(`http://${process.argv[2]}`).catch(() => null);
process.exit(response?.ok ? 0 : 1);
