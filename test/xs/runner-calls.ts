/** Host calls of the runner on XS. */
export const Ask = Object.freeze({ count: 1, which: 2, title: 3, passed: 4, failed: 5 });
