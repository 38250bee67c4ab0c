// A classic script in the head, so that the chosen scheme is there before the first paint.
(() => {
    const schemes = ["auto", "light", "dark"];
    const root = document.documentElement;

    function stored() {
        try {
            const value = localStorage.getItem("scheme");
            return schemes.includes(value) ? value : "auto";
        } catch {
            return "auto"; // storage is forbidden here, so the system's scheme is used
        }
    }

    function apply(scheme) {
        root.dataset.scheme = scheme;
    }

    apply(stored());
    document.addEventListener("DOMContentLoaded", () => {
        const select = document.getElementById("scheme");
        select.value = root.dataset.scheme;
        select.addEventListener("change", () => {
            apply(select.value);
            try {
                localStorage.setItem("scheme", select.value);
            } catch {
                // the choice holds for this visit only
            }
        });
    });
})();
