/** How much the tests of faults do: a little at each run, more with TEST_LONG=1. */
import process from "node:process";

export const LONG: boolean = process.env["TEST_LONG"] === "1";
