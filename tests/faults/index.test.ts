/*
 * What must survive: the process killed in the middle. A few rounds each time; SOAK=1 makes hundreds.
 */
import "./kill.test.ts";
import "./postgres.test.ts";
