"""Pages of the workers app."""

from django.urls import path

from workers.views import checking, day, dispatching, passport, people, skills

app_name = "workers"
urlpatterns = [
    path("affectations/", dispatching.board, name="board"),
    path("affectations/travaux/<uuid:work_order>/donner/", dispatching.assign, name="assign"),
    path("affectations/deposer/<uuid:trainee>/", dispatching.drop, name="drop"),
    path("affectations/aide/<uuid:call>/", dispatching.answer, name="answer"),
    path("affectations/<uuid:assignment>/deplacer/", dispatching.move, name="move"),
    path("affectations/<uuid:assignment>/retirer/", dispatching.take_back, name="unassign"),
    path("affectations/a-valider/", checking.to_validate, name="to_validate"),
    path("affectations/<uuid:assignment>/valider/", checking.validate, name="validate"),
    path("affectations/<uuid:assignment>/a-refaire/", checking.return_work, name="send_back"),
    path("equipe/", people.trainees, name="trainees"),
    path("equipe/<uuid:trainee>/", people.trainee_page, name="trainee"),
    path("equipe/<uuid:trainee>/competences/", skills.skills, name="skills"),
    path("equipe/<uuid:trainee>/competences/etape/", skills.save_step, name="skill_step"),
    path("equipe/<uuid:trainee>/competences/etape/<uuid:step>/reprendre/", skills.take_back_step, name="skill_undo"),
    path("equipe/<uuid:trainee>/competences/objectif/", skills.add_goal, name="goal_add"),
    path("equipe/<uuid:trainee>/competences/objectif/<uuid:goal>/", skills.finish_goal, name="goal_end"),
    path("equipe/<uuid:trainee>/habilitations/", skills.add_clearance, name="clearance_add"),
    path(
        "equipe/<uuid:trainee>/habilitations/<uuid:clearance>/retirer/",
        skills.remove_clearance,
        name="clearance_remove",
    ),
    path("equipe/<uuid:trainee>/passeport.pdf", passport.passport_paper, name="passport_pdf"),
    path("equipe/<uuid:trainee>/absence/", people.save_absence, name="absence"),
    path("ma-journee/", day.day, name="day"),
    path("ma-journee/aide/", day.ask_help, name="help"),
    path("ma-journee/<uuid:assignment>/vu/", day.seen, name="acknowledge"),
    path("ma-journee/<uuid:assignment>/commencer/", day.start, name="start"),
    path("ma-journee/<uuid:assignment>/terminer/", day.finish, name="finish"),
    path("ma-journee/<uuid:assignment>/refuser/", day.refuse, name="decline"),
    path("ma-journee/<uuid:assignment>/ressenti/", passport.reflect, name="reflect"),
    path("ma-journee/passeport/", passport.my_passport, name="my_passport"),
    path("ma-journee/passeport.pdf", passport.my_passport_pdf, name="my_passport_pdf"),
]
