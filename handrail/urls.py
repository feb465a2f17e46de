"""All URLs."""
urlpatterns: list[object] = []
