// A limited thread that parses.
import { serveTasks } from '../limited/serving.js';
import { parse } from './parsing.js';

serveTasks(parse);
