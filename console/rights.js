// What the caller may do, and the sentences about what it may not. Without keys everybody may do everything.

/** `access`: the answer of /api/access. `cannotTrade`, `cannotOperate`: why not; null for a caller who may. */
export function rightsOf({ mode, name, scopes, user }) {
    const operates = scopes.includes("operate");
    const without = (scope, what) => `The key ${name} may not ${what}: it lacks the scope ${scope}.`;
    return {
        keyed: mode === "keyed", name, scopes, user, sees: operates || scopes.includes("read"),
        cannotTrade: operates || scopes.includes("trade") ? null : without("trade", "place or cancel orders"),
        cannotOperate: operates ? null : without("operate", "see or handle dead letters"),
        whose: operates ? "" : `of ${user ?? "this key"}`,
    };
}
