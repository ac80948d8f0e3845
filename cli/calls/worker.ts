// A worker of `farcall bench calls`: measures the cells that it is sent. Built into a file of its own in dist/.
import { measureCalls } from "../../lab/calls/measure.ts";
import { serve } from "../worker.ts";
import type { Work } from "./tasks.ts";

serve<Work>({ measure: measureCalls });
