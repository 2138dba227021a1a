// When a destination wants to hear of something.
export const OCCASIONS = ['changes', 'findings', 'always'] as const;
export type Occasion = (typeof OCCASIONS)[number];
