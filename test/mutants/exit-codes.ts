/** How a run with a mutant in it ends when it has shown nothing. */

/** No such mutant, or the text to change isn't in its file exactly once. */
export const EXIT_NOT_APPLICABLE = 96;
/** Nothing has loaded the changed file. */
export const EXIT_NOT_LOADED = 97;

/** Where the processes of one run note that the changed file was loaded. */
export const MARK = "MUTANT_MARK";
