/*
 * What must survive: the process killed in the middle, crowds, and a machine that runs out of something. A few rounds each time; SOAK=1 makes hundreds.
 */
import "./kill.test.ts";
import "./erasure.test.ts";
import "./writes.test.ts";
import "./crowds.test.ts";
import "./descriptors.test.ts";
import "./disk.test.ts";
import "./postgres.test.ts";
import "./master-key.test.ts";
import "./rotation.test.ts";
import "./redis.test.ts";
