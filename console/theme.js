// A classic script in the head: the scheme a reader chose is there before the first paint.
(() => {
    const schemes = ["auto", "light", "dark"];
    const root = document.documentElement;

    function stored() {
        try {
            const value = localStorage.getItem("scheme");
            return schemes.includes(value) ? value : "auto";
        } catch {
            return "auto"; // storage is forbidden here: the system's scheme it is
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
                // chosen for this visit only
            }
        });
    });
})();
