// The thread in which outputs are compared and searched.
import { serveTasks } from '../limited/serving.js';
import { perform } from './tasks.js';

serveTasks(perform);
