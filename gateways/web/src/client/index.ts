// The client library: everything a program in a browser needs to take part. Also published as an ES module.

export * from "./amounts";
export * from "./backoff";
export * from "./clock";
export * from "./commands";
export * from "./connection";
export * from "./room";
